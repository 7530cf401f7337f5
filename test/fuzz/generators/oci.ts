import fc from 'fast-check';
import { mediaTypes } from '@drayage/core/image';
import type { Json } from './json.ts';

const { ociIndex, dockerManifestList, ociManifest, dockerManifest, ociConfig, dockerConfig } = mediaTypes;

export const digests: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...['0', '1', 'a', 'f'].map((digit) => `sha256:${digit.repeat(64)}`)),
  fc.stringMatching(/^[0-9a-f]{64}$/).map((hex) => `sha256:${hex}`),
);

const sizes = fc.oneof(fc.nat(10_000), fc.constantFrom(0, 2 ** 31, 2 ** 32, 2 ** 53 - 1));

const platforms: fc.Arbitrary<Json> = fc.oneof(
  fc.record({
    os: fc.constantFrom('linux', 'windows', 'unknown', 'Linux'),
    architecture: fc.constantFrom('amd64', 'arm64', 'arm', 'unknown', 'x86_64', 's390x'),
  }),
  fc.record({
    os: fc.constant('linux'),
    architecture: fc.constantFrom('arm', 'arm64', 'amd64'),
    variant: fc.constantFrom('v6', 'v7', 'v8', 'v2', '8'),
  }),
);

const annotations = fc.dictionary(
  fc.constantFrom(
    'org.opencontainers.image.ref.name',
    'io.containerd.image.name',
    'a',
    'vnd.docker.reference.type',
  ),
  fc.constantFrom('latest', 'docker.io/library/redis:7', 'attestation-manifest', 'ghcr.io/a/b@sha256:0', ''),
  { maxKeys: 3 },
);

export function descriptors(types: readonly string[]): fc.Arbitrary<{ readonly [key: string]: Json }> {
  return fc
    .tuple(
      fc.record({ mediaType: fc.constantFrom(...types), digest: digests, size: sizes }),
      fc.option(platforms),
      fc.option(annotations),
    )
    .map(([plain, platform, notes]) => ({
      ...plain,
      ...(platform === null ? {} : { platform }),
      ...(notes === null ? {} : { annotations: notes }),
    }));
}

const layerTypes = [
  ...[mediaTypes.ociLayer, mediaTypes.ociLayerGzip, mediaTypes.ociLayerZstd, mediaTypes.dockerLayerGzip],
  ...['application/octet-stream', 'application/vnd.docker.image.rootfs.diff.tar.zstd', 'text/plain'],
];

export const manifests: fc.Arbitrary<{ readonly [key: string]: Json }> = fc.record({
  schemaVersion: fc.constant(2),
  mediaType: fc.constantFrom(ociManifest, dockerManifest),
  config: descriptors([ociConfig, dockerConfig]),
  layers: fc.array(descriptors(layerTypes), { maxLength: 6 }),
});

export const indexes: fc.Arbitrary<{ readonly [key: string]: Json }> = fc.record({
  schemaVersion: fc.constant(2),
  mediaType: fc.constantFrom(ociIndex, dockerManifestList),
  manifests: fc.array(descriptors([ociManifest, dockerManifest, ociIndex, 'text/plain']), { maxLength: 8 }),
});

export const configs: fc.Arbitrary<{ readonly [key: string]: Json }> = fc.record({
  os: fc.constantFrom('linux', 'windows'),
  architecture: fc.constantFrom('amd64', 'arm64', 'aarch64', 'arm'),
  rootfs: fc.record({ type: fc.constant('layers'), diff_ids: fc.array(digests, { maxLength: 6 }) }),
  config: fc.constant({ Env: ['PATH=/bin'], Cmd: ['sh'] }),
});
