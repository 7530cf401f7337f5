import { UsageError } from '../errors.ts';
import { printable } from '../redact.ts';
import { normalizePlatform } from './normalize-platform.ts';

export { normalizePlatform };

/** Go spelling: `linux/arm64/v8`. @see image-spec v1.1.1, image-index.md "platform" */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string | undefined;
}

const component = /^[a-z0-9_.-]+$/;

/**
 * Parses `OS/ARCH[/VARIANT]` (any case, common aliases such as `x86_64`). @throws UsageError
 * `PLATFORM_INVALID`
 */
export function parsePlatform(text: string): Platform {
  const [os, arch, variant, ...rest] = text.toLowerCase().split('/');
  const parts = [os, arch, ...(variant === undefined ? [] : [variant])];
  if (
    rest.length > 0 ||
    os === undefined ||
    arch === undefined ||
    !parts.every((part) => component.test(part ?? ''))
  ) {
    throw new UsageError(
      'PLATFORM_INVALID',
      `cannot parse platform "${printable(text, 100)}": expected OS/ARCH[/VARIANT]`,
      {
        hint: 'Write it as linux/amd64 or linux/arm64/v8.',
      },
    );
  }
  return normalizePlatform({ os, architecture: arch, variant });
}

/** `OS/ARCH[/VARIANT]`. */
export function formatPlatform(platform: Platform): string {
  return [
    platform.os,
    platform.architecture,
    ...(platform.variant === undefined ? [] : [platform.variant]),
  ].join('/');
}

/** True when an image for `offered` suits `wanted` (both in any spelling). */
export function platformMatches(wanted: Platform, offered: Platform): boolean {
  return formatPlatform(normalizePlatform(wanted)) === formatPlatform(normalizePlatform(offered));
}

/** The platform of a Linux engine on a machine like this one. */
export function hostPlatform(architecture: string = process.arch): Platform {
  return normalizePlatform({ os: 'linux', architecture });
}
