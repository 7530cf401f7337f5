import { UsageError } from '../errors.ts';
import { printable } from '../redact.ts';

/** Go spelling: `linux/arm64/v8`. @see image-spec v1.1.1, image-index.md "platform" */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string | undefined;
}

const component = /^[a-z0-9_.-]+$/;

// Names that users and kernels use → Go's names, as containerd's platforms package normalises them.
const architectureAliases = new Map<string, Pick<Platform, 'architecture' | 'variant'>>([
  ['x86_64', { architecture: 'amd64' }],
  ['x86-64', { architecture: 'amd64' }],
  ['x64', { architecture: 'amd64' }],
  ['aarch64', { architecture: 'arm64' }],
  ['i386', { architecture: '386' }],
  ['ia32', { architecture: '386' }],
  ['armhf', { architecture: 'arm', variant: 'v7' }],
  ['armel', { architecture: 'arm', variant: 'v6' }],
]);

// The variant of a platform that states none.
const defaultVariants = new Map([
  ['arm64', 'v8'],
  ['arm', 'v7'],
]);

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

/** The same platform in Go spelling, without the architecture's default variant. */
export function normalizePlatform(platform: Platform): Platform {
  const alias = architectureAliases.get(platform.architecture);
  const architecture = alias?.architecture ?? platform.architecture;
  const variant = platform.variant ?? alias?.variant;
  const isDefault = variant === undefined || variant === '' || variant === defaultVariants.get(architecture);
  return { os: platform.os, architecture, ...(isDefault ? {} : { variant }) };
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

/**
 * The index of the best match for `wanted` in `offered`, else undefined. An exact match wins; 32-bit arm
 * falls back to lower variants (v7 → v6 → v5), as engines do.
 */
export function selectPlatform(
  wanted: Platform,
  offered: readonly (Platform | undefined)[],
): number | undefined {
  for (const candidate of acceptablePlatforms(normalizePlatform(wanted))) {
    const position = offered.findIndex(
      (platform) => platform !== undefined && platformMatches(candidate, platform),
    );
    if (position >= 0) return position;
  }
  return undefined;
}

function acceptablePlatforms(wanted: Platform): readonly Platform[] {
  if (wanted.architecture !== 'arm') return [wanted];
  const level = Number(/^v(\d+)$/.exec(wanted.variant ?? 'v7')?.[1] ?? Number.NaN);
  if (Number.isNaN(level)) return [wanted];
  const lower = [7, 6, 5].filter((candidate) => candidate < level);
  return [wanted, ...lower.map((candidate) => ({ ...wanted, variant: `v${String(candidate)}` }))];
}

/** The platform of a Linux engine on a machine like this one. */
export function hostPlatform(architecture: string = process.arch): Platform {
  return normalizePlatform({ os: 'linux', architecture });
}
