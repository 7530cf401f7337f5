import { normalizePlatform } from './normalize-platform.ts';
import { platformMatches, type Platform } from './platform.ts';

/**
 * The positions of what suits `wanted` among `offered`, best first, as containerd's platforms package orders
 * them: the same platform, then lower variants, then older architectures that the machine runs too.
 */
export function rankPlatforms(
  wanted: Platform,
  offered: readonly (Platform | undefined)[],
): readonly number[] {
  const positions = runnablePlatforms(wanted).flatMap((candidate) =>
    offered.flatMap((platform, position) =>
      platform !== undefined && platformMatches(candidate, platform) ? [position] : [],
    ),
  );
  return [...new Set(positions)];
}

/** The position of the best match for `wanted` among `offered`, else undefined. */
export function selectPlatform(
  wanted: Platform,
  offered: readonly (Platform | undefined)[],
): number | undefined {
  return rankPlatforms(wanted, offered)[0];
}

/** True when a machine of the platform `machine` runs images for `offered`. */
export function platformRuns(machine: Platform, offered: Platform): boolean {
  return selectPlatform(machine, [offered]) !== undefined;
}

/**
 * All platforms that a machine of this one runs, best first.
 * @see containerd/platforms, compare.go, `platformVector`
 */
function runnablePlatforms(platform: Platform): readonly Platform[] {
  const wanted = normalizePlatform(platform);
  const { os, architecture, variant } = wanted;
  switch (architecture) {
    case 'amd64':
      return [wanted, ...amd64Below(os, variant), { os, architecture: '386' }];
    case 'arm':
      return [wanted, ...armBelow(os, variant)];
    case 'arm64':
      return [wanted, ...arm64Below(os, variant), ...armOf(os, variant)];
    default:
      return [wanted];
  }
}

function amd64Below(os: string, variant: string | undefined): readonly Platform[] {
  return downTo(1, levelOf(variant)?.major).map((level) => variantOf(os, 'amd64', level));
}

function armBelow(os: string, variant = 'v7'): readonly Platform[] {
  return downTo(5, levelOf(variant)?.major).map((level) => variantOf(os, 'arm', level));
}

/** Armv9.x runs everything of Armv8.(x+5). */
function arm64Below(os: string, variant = 'v8'): readonly Platform[] {
  const level = levelOf(variant);
  if (level === undefined || level.major < 8) return [];
  const below = (major: number, minor: number): readonly Platform[] =>
    downTo(0, minor).map((lower) => variantOf(os, 'arm64', major, lower));
  if (level.major !== 9) return below(8, level.minor);
  return [...below(9, level.minor), ...below(8, level.minor + 6)];
}

/** The 32-bit platforms of a 64-bit one. */
function armOf(os: string, variant = 'v8'): readonly Platform[] {
  const own = /^v[89]\./.test(variant) ? 'v8' : variant;
  return [{ os, architecture: 'arm', variant: own }, ...armBelow(os, own)];
}

function variantOf(os: string, architecture: string, major: number, minor = 0): Platform {
  const variant = minor === 0 ? `v${String(major)}` : `v${String(major)}.${String(minor)}`;
  return { os, architecture, variant };
}

interface Level {
  readonly major: number;
  readonly minor: number;
}

/** The level in `v8` or `v8.1`; undefined for other text. */
function levelOf(variant: string | undefined): Level | undefined {
  const match = /^v([0-9]{1,2})(?:\.([0-9]))?$/.exec(variant ?? '');
  return match === null ? undefined : { major: Number(match[1]), minor: Number(match[2] ?? 0) };
}

/** The numbers below `top`, down to `lowest`. */
function downTo(lowest: number, top = lowest): readonly number[] {
  return Array.from({ length: Math.max(0, top - lowest) }, (_, position) => top - 1 - position);
}
