import fc from 'fast-check';
import { formatPlatform, parsePlatform, platformMatches } from '@drayage/core';
import { mediaTypes, normalizePlatform, parseManifest, selectManifest } from '@drayage/core/image';
import { claim, claimEqual, valueOf } from '../claims.ts';
import { pieced, repeated } from '../generators/text.ts';
import { modelNormalize, modelSelect, type ModelPlatform } from '../models/platform-rules.ts';
import { defineTarget, type Target } from '../target.ts';

const pieces = [
  ...['linux', 'windows', 'macos', 'Darwin', 'amd64', 'x86_64', 'X86-64', 'arm', 'arm64', 'aarch64', 'armhf'],
  ...['armel', 'i386', '386', 's390x', '/', '/', '/', 'v1', 'v8', '8', 'v8.0', 'v8.2', 'v9', '.', '-', '_'],
  ...[' ', '*', '(10.0)', 'K', 'ſ', '\n'],
] as const;

const parsing = defineTarget(
  'platform-parsing',
  fc.oneof({ arbitrary: pieced(pieces, 8), weight: 19 }, { arbitrary: repeated(pieces), weight: 1 }),
  (text) => {
    const platform = valueOf(['PLATFORM_INVALID'], () => parsePlatform(text));
    if (platform === undefined) return;
    claim(/^[a-z0-9_.-]+(?:\/[a-z0-9_.-]+){1,2}$/.test(formatPlatform(platform)), 'it has odd characters');
    claimEqual(parsePlatform(formatPlatform(platform)), platform, 'printed and parsed again it differs');
    claimEqual(normalizePlatform(platform), platform, 'normalising twice makes a difference');
    claimEqual(parsePlatform(text.toUpperCase()), platform, 'upper case makes a difference');
    claim(platformMatches(platform, parsePlatform(text)), 'it does not match itself');
  },
);

/** Platforms for which containerd has rules. */
const known: fc.Arbitrary<ModelPlatform> = fc
  .tuple(
    fc.constantFrom('linux', 'linux', 'linux', 'windows', 'macos'),
    fc.oneof(
      fc.tuple(fc.constantFrom('amd64', 'x86_64', 'x86-64'), fc.constantFrom('', 'v1', 'v2', 'v3', 'v4')),
      fc.tuple(
        fc.constantFrom('arm64', 'aarch64'),
        fc.constantFrom('', '8', 'v8', 'v8.1', 'v8.5', 'v8.9', 'v9', 'v9.1', 'v9.4'),
      ),
      fc.tuple(fc.constant('arm'), fc.constantFrom('', '5', '6', '7', '8', 'v5', 'v6', 'v7', 'v8')),
      fc.tuple(fc.constantFrom('armhf', 'armel', 'i386', '386', 's390x', 'riscv64'), fc.constant('')),
    ),
  )
  .map(([os, [architecture, variant]]) => ({ os, architecture, variant }));

const digest = `sha256:${'0'.repeat(64)}`;

const choosing = defineTarget(
  'platform-choosing',
  fc.record({ wanted: known, offered: fc.array(known, { maxLength: 12 }) }),
  ({ wanted, offered }) => {
    const document = {
      mediaType: mediaTypes.ociIndex,
      manifests: offered.map((platform, size) => ({
        ...{ mediaType: mediaTypes.ociManifest, digest, size, platform },
      })),
    };
    const index = parseManifest(Buffer.from(JSON.stringify(document)), undefined);
    claim(index.kind === 'index', 'it is no index');
    const chosen = valueOf(['PLATFORM_NOT_FOUND'], () => selectManifest(index, plain(wanted), 'it'));
    claimEqual(chosen?.size ?? -1, modelSelect(wanted, offered), 'containerd chooses another platform');
    const normal = modelNormalize(wanted);
    claimEqual(platformMatches(plain(normal), plain(wanted)), true, 'another spelling does not match');
  },
);

function plain({ os, architecture, variant }: ModelPlatform): {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
} {
  return variant === '' ? { os, architecture } : { os, architecture, variant };
}

export const platformTargets: readonly Target[] = [parsing, choosing];
