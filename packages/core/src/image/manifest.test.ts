import { describe, expect, test } from '@jest/globals';
import { isDrayError } from '../errors.ts';
import { randomImage, randomIndex } from '../testing/random-image.ts';
import { digestOf } from './digest.ts';
import { checkLayerCount, parseImageConfig } from './image-config.ts';
import {
  checkImageLayers,
  checkManifestSize,
  maxManifestBytes,
  parseDescriptor,
  parseManifest,
  selectManifest,
} from './manifest.ts';
import type { Index, Manifest } from './manifest.ts';
import { isIndexType, isManifestType, isSchema1Type, layerCompression, mediaTypes } from './media-types.ts';

const blob = { mediaType: mediaTypes.ociConfig, digest: digestOf('x'), size: 1 };
const plain = { schemaVersion: 2, config: blob, layers: [{ ...blob, mediaType: mediaTypes.ociLayerGzip }] };

describe('a manifest', () => {
  test.each(['oci', 'docker'] as const)('of %s is read with its config and layers', (flavour) => {
    const image = randomImage({ mediaTypes: flavour, layers: 3 });
    const manifest = parseManifest(bytesOfTarget(image), image.target.mediaType);
    expect(manifest).toEqual({
      kind: 'manifest',
      mediaType: flavour === 'oci' ? mediaTypes.ociManifest : mediaTypes.dockerManifest,
      config: image.config,
      layers: image.layers,
    });
  });

  test.each(['oci', 'docker'] as const)('index of %s is read with its platforms', (flavour) => {
    const index = randomIndex({ mediaTypes: flavour });
    const parsed = parseManifest(bytesOfTarget(index), index.target.mediaType);
    const expected = index.images.map(({ manifest, platform }) => ({ ...manifest, platform }));
    expect(parsed).toEqual({ kind: 'index', mediaType: index.target.mediaType, manifests: expected });
  });

  test('without a media type is recognised by its declared type, else by its members', () => {
    expect(parseManifest(json(plain), mediaTypes.ociManifest).mediaType).toBe(mediaTypes.ociManifest);
    expect(parseManifest(json(plain), undefined).mediaType).toBe(mediaTypes.ociManifest);
    expect(parseManifest(json(plain), 'application/json').mediaType).toBe(mediaTypes.ociManifest);
    expect(parseManifest(json(plain), `${mediaTypes.dockerManifest}; charset=utf-8`).kind).toBe('manifest');
    expect(parseManifest(json({ schemaVersion: 2, manifests: [] }), undefined).kind).toBe('index');
  });

  test('keeps string annotations, and a platform in Go spelling', () => {
    const platform = { os: 'linux', architecture: 'arm64', variant: 'v8', 'os.version': '1' };
    const value = { ...blob, platform, annotations: { a: 'b', c: 1 } };
    expect(parseDescriptor(value, 'it')).toEqual({
      ...blob,
      platform: { os: 'linux', architecture: 'arm64' },
      annotations: { a: 'b' },
    });
    expect(parseDescriptor({ ...blob, platform: { os: 'linux' }, annotations: [] }, 'it')).toEqual(blob);
    expect(parseDescriptor({ ...blob, platform: { os: '', architecture: '' } }, 'it')).toEqual(blob);
  });

  test.each([
    ['bytes that are not JSON', Buffer.from('<html>'), undefined, 'MANIFEST_INVALID'],
    ['bytes that are not UTF-8', Buffer.from([0x22, 0xff, 0x22]), undefined, 'MANIFEST_INVALID'],
    ['an array', json([]), undefined, 'MANIFEST_INVALID'],
    ['null', json(null), undefined, 'MANIFEST_INVALID'],
    ['an empty object', json({}), undefined, 'MEDIA_TYPE_UNSUPPORTED'],
    ['schema 1', json({ schemaVersion: 1, fsLayers: [] }), undefined, 'SCHEMA1_UNSUPPORTED'],
    ['declared schema 1', json(plain), mediaTypes.dockerSchema1Signed, 'SCHEMA1_UNSUPPORTED'],
    [
      'an unknown media type',
      json({ ...plain, mediaType: 'text/html' }),
      undefined,
      'MEDIA_TYPE_UNSUPPORTED',
    ],
    ['an unknown declared type', json(plain), 'text/html', 'MEDIA_TYPE_UNSUPPORTED'],
    ['a config as manifest', json(plain), mediaTypes.ociConfig, 'MEDIA_TYPE_UNSUPPORTED'],
    [
      'types that disagree',
      json({ ...plain, mediaType: mediaTypes.ociManifest }),
      mediaTypes.dockerManifest,
      'MANIFEST_INVALID',
    ],
    ['layers and manifests', json({ ...plain, manifests: [] }), mediaTypes.ociManifest, 'MANIFEST_INVALID'],
    ['no config', json({ schemaVersion: 2, layers: [] }), undefined, 'MANIFEST_INVALID'],
    ['layers that are no list', json({ ...plain, layers: {} }), undefined, 'MANIFEST_INVALID'],
    ['a media type that is no text', json({ ...plain, mediaType: 1 }), undefined, 'MANIFEST_INVALID'],
    ['a negative size', json({ ...plain, config: { ...blob, size: -1 } }), undefined, 'MANIFEST_INVALID'],
    ['a fractional size', json({ ...plain, config: { ...blob, size: 1.5 } }), undefined, 'MANIFEST_INVALID'],
    ['a size as text', json({ ...plain, config: { ...blob, size: '1' } }), undefined, 'MANIFEST_INVALID'],
    [
      'a path as digest',
      json({ ...plain, config: { ...blob, digest: 'sha256:../x' } }),
      undefined,
      'DIGEST_INVALID',
    ],
    [
      'sha512',
      json({ ...plain, config: { ...blob, digest: `sha512:${'0'.repeat(128)}` } }),
      undefined,
      'DIGEST_INVALID',
    ],
    ['more than 4 MiB', Buffer.alloc(maxManifestBytes + 1, ' '), undefined, 'MANIFEST_TOO_LARGE'],
  ])('is refused for %s', (_, bytes, declaredType, code) => {
    expect(codeOf(() => parseManifest(bytes, declaredType, 'redis:7'))).toBe(code);
    expect(() => parseManifest(bytes, declaredType, 'redis:7')).toThrow('redis:7');
  });

  test.each([[{ layers: null }], [{}], [{ layers: [] }]])('may have no layers: %j', (rest) => {
    const bytes = json({ schemaVersion: 2, config: blob, ...rest });
    expect(parseManifest(bytes, mediaTypes.ociManifest)).toMatchObject({ kind: 'manifest', layers: [] });
  });

  test('may be named Docker’s or OCI’s way by its registry, never as the other kind', () => {
    const named = json({ ...plain, mediaType: mediaTypes.ociManifest });
    const read = (declared: string): string =>
      parseManifest(named, declared, 'it', { mayRename: true }).mediaType;
    expect(read(mediaTypes.dockerManifest)).toBe(mediaTypes.ociManifest);
    expect(codeOf(() => read(mediaTypes.dockerManifestList))).toBe('MANIFEST_INVALID');
  });

  test.each([[{}], [{ mediaType: null }], [{ mediaType: '' }], [{ mediaType: 'application/json' }]])(
    'of an index may be listed without a media type of its own: %j',
    (said) => {
      const platform = { os: 'linux', architecture: 'amd64' };
      const entry = { digest: blob.digest, size: 1, platform, ...said };
      const index = parseManifest(json({ schemaVersion: 2, manifests: [entry] }), undefined);
      expect(index.kind === 'index' && selectManifest(index, platform, 'it').digest).toBe(blob.digest);
    },
  );

  test('may have 4 MiB, and no more', () => {
    checkManifestSize(maxManifestBytes, 'it');
    expect(codeOf(() => checkManifestSize(maxManifestBytes + 1, 'it'))).toBe('MANIFEST_TOO_LARGE');
  });

  test('of an image may have layers of no stated kind', () => {
    const layers = [{ ...blob, mediaType: 'application/octet-stream' }];
    const manifest = { kind: 'manifest', mediaType: mediaTypes.ociManifest, config: blob, layers } as const;
    checkImageLayers(manifest, 'it');
    for (const mediaType of [
      '',
      `${mediaTypes.ociLayerGzip}; a=b`,
      mediaTypes.dockerLayerGzip.toUpperCase(),
    ]) {
      checkImageLayers({ ...manifest, layers: [{ ...blob, mediaType }] }, 'it');
    }
    const encrypted = { ...blob, mediaType: `${mediaTypes.ociLayerGzip}+encrypted` };
    expect(codeOf(() => checkImageLayers({ ...manifest, layers: [encrypted] }, 'it'))).toBe(
      'MEDIA_TYPE_UNSUPPORTED',
    );
    const artifact = { ...manifest, config: { ...blob, mediaType: 'application/vnd.example' } };
    expect(codeOf(() => checkImageLayers(artifact, 'it'))).toBe('MEDIA_TYPE_UNSUPPORTED');
  });

  test('of an artifact is no image', () => {
    const artifact: Manifest = {
      kind: 'manifest',
      mediaType: mediaTypes.ociManifest,
      config: blob,
      layers: [blob],
    };
    expect(codeOf(() => checkImageLayers(artifact, 'it'))).toBe('MEDIA_TYPE_UNSUPPORTED');
    checkImageLayers({ ...artifact, layers: [] }, 'it');
  });
});

describe('the choice from an index', () => {
  const entry = (os: string, architecture: string, variant?: string): Index['manifests'][number] => ({
    mediaType: mediaTypes.ociManifest,
    digest: digestOf(`${os}${architecture}${variant ?? ''}`),
    size: 1,
    platform: { os, architecture, variant },
  });
  const index: Index = {
    kind: 'index',
    mediaType: mediaTypes.ociIndex,
    manifests: [entry('unknown', 'unknown'), entry('linux', 'arm64'), entry('linux', 'amd64')],
  };

  test('is the manifest of the platform', () => {
    expect(selectManifest(index, { os: 'linux', architecture: 'amd64' }, 'it')).toBe(index.manifests[2]);
    expect(selectManifest(index, { os: 'linux', architecture: 'arm64', variant: 'v8' }, 'it')).toBe(
      index.manifests[1],
    );
  });

  test('fails with the available platforms, without attestations', () => {
    try {
      selectManifest(index, { os: 'linux', architecture: 's390x' }, 'redis:7');
      throw new Error('one was chosen');
    } catch (error) {
      expect(isDrayError(error, 'PLATFORM_NOT_FOUND') && error.details['available']).toEqual([
        'linux/amd64',
        'linux/arm64',
      ]);
      expect(isDrayError(error) && error.message).toMatch(
        /linux\/s390x.*redis:7.*linux\/amd64, linux\/arm64/,
      );
    }
  });

  test('fails with a message of some lines at most, however many platforms there are', () => {
    const systems = Array.from({ length: 20_000 }, (_, position) =>
      entry(`os${String(position)}`, 'a'.repeat(300)),
    );
    try {
      selectManifest({ ...index, manifests: systems }, { os: 'linux', architecture: 's390x' }, 'redis:7');
      throw new Error('one was chosen');
    } catch (error) {
      if (!isDrayError(error, 'PLATFORM_NOT_FOUND')) throw error;
      expect(error.message).toMatch(/ and 19980 more$/);
      expect(error.message.length).toBeLessThan(3000);
      expect(error.details['available']).toHaveLength(20);
    }
  });

  test('is never anything but a manifest', () => {
    const odd: Index = { ...index, manifests: [{ ...entry('linux', 'amd64'), mediaType: 'text/plain' }] };
    expect(codeOf(() => selectManifest(odd, { os: 'linux', architecture: 'amd64' }, 'it'))).toBe(
      'PLATFORM_NOT_FOUND',
    );
  });
});

describe('an image config', () => {
  test('is read with its platform and diffIds', () => {
    const image = randomImage({ platform: { os: 'linux', architecture: 'arm64', variant: 'v8' } });
    const bytes = image.blobs.get(image.config.digest) ?? new Uint8Array();
    expect(parseImageConfig(bytes)).toEqual({
      platform: { os: 'linux', architecture: 'arm64' },
      diffIds: image.diffIds,
    });
  });

  test.each([
    ['no rootfs', { os: 'linux' }, 'MANIFEST_INVALID'],
    ['diffIds that are no list', { rootfs: { diff_ids: {} } }, 'MANIFEST_INVALID'],
    ['an invalid diffId', { rootfs: { diff_ids: [1] } }, 'DIGEST_INVALID'],
    ['a diffId without text', { rootfs: { diff_ids: [{ toString: 1 }] } }, 'DIGEST_INVALID'],
    ['an os that is no text', { os: 1, rootfs: { diff_ids: [] } }, 'MANIFEST_INVALID'],
  ])('is refused for %s', (_, value, code) => {
    expect(codeOf(() => parseImageConfig(json(value)))).toBe(code);
  });

  test('is refused if it nests deeper than a program can follow', () => {
    const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
    const text = `{"rootfs":{"diff_ids":${deep}}}`;
    expect(codeOf(() => parseImageConfig(Buffer.from(text)))).toBe('MANIFEST_INVALID');
    const brackets = JSON.stringify({ rootfs: {}, note: '\\"['.repeat(5000) });
    expect(parseImageConfig(Buffer.from(brackets)).diffIds).toEqual([]);
  });

  test('is for linux/amd64 where it names no system and no architecture', () => {
    for (const config of [{}, { os: '', architecture: '' }, { os: null, architecture: null }]) {
      const { platform } = parseImageConfig(json({ ...config, rootfs: {} }));
      expect(platform).toEqual({ os: 'linux', architecture: 'amd64' });
    }
  });

  test.each([[{ diff_ids: null }], [{}], [{ diff_ids: [] }]])('may have no diffIds: %j', (rootfs) => {
    expect(parseImageConfig(json({ rootfs })).diffIds).toEqual([]);
  });

  test('must have a diffId for every layer', () => {
    const manifest: Manifest = {
      kind: 'manifest',
      mediaType: mediaTypes.ociManifest,
      config: blob,
      layers: [blob],
    };
    const config = { platform: { os: 'linux', architecture: 'amd64' }, diffIds: [] };
    expect(codeOf(() => checkLayerCount(manifest, config, 'it'))).toBe('MANIFEST_INVALID');
    checkLayerCount(manifest, { ...config, diffIds: [blob.digest] }, 'it');
  });
});

describe('media types', () => {
  test('distinguish manifests, indexes and schema 1', () => {
    const kinds = Object.values(mediaTypes).map((type) => [
      isManifestType(type),
      isIndexType(type),
      isSchema1Type(type),
    ]);
    expect(kinds.filter(([manifest]) => manifest)).toHaveLength(2);
    expect(kinds.filter(([, index]) => index)).toHaveLength(2);
    expect(kinds.filter(([, , schema1]) => schema1)).toHaveLength(2);
  });

  test('determine the compression of a layer', () => {
    expect(layerCompression(mediaTypes.ociLayer)).toBe('none');
    expect(layerCompression(mediaTypes.dockerLayerGzip)).toBe('gzip');
    expect(layerCompression(mediaTypes.ociLayerZstd)).toBe('zstd');
    expect(layerCompression('application/vnd.docker.image.rootfs.foreign.diff.tar.gzip')).toBe('gzip');
    expect(layerCompression(mediaTypes.ociConfig)).toBeUndefined();
  });

  test.each([
    ['application/vnd.docker.image.rootfs.diff.tar.zstd', 'zstd'],
    ['application/vnd.docker.image.rootfs.foreign.diff.tar', 'none'],
    ['application/vnd.docker.image.rootfs.foreign.diff.tar.zstd', 'zstd'],
    ['application/vnd.oci.image.layer.nondistributable.v1.tar+zstd', 'zstd'],
  ])('know the layers of %s', (mediaType, compression) => {
    expect(layerCompression(mediaType)).toBe(compression);
  });
});

function json(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

function bytesOfTarget({
  target,
  blobs,
}: Pick<ReturnType<typeof randomImage>, 'target' | 'blobs'>): Uint8Array {
  return blobs.get(target.digest) ?? new Uint8Array();
}

function codeOf(action: () => unknown): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    return isDrayError(error) ? error.code : String(error);
  }
}
