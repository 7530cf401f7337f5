import { spawnSync } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import { mediaTypes } from '../image/media-types.ts';
import { compressLayer, decompressLayer } from './compress.ts';
import { createRandom } from './random.ts';
import { randomImage, randomIndex } from './random-image.ts';
import { createTar } from './tar.ts';
import { validateImage } from './validate-image.ts';

describe('a random image', () => {
  test.each([
    [{}],
    [{ layers: 0 }],
    [{ layers: 5, size: 0, mediaTypes: 'docker' }],
    [{ size: 300_000, compression: 'zstd' }],
    [
      {
        layers: 3,
        compression: ['none', 'gzip', 'zstd'],
        platform: { os: 'linux', architecture: 'arm', variant: 'v6' },
      },
    ],
  ] as const)('of %j is valid and reproducible', (options) => {
    const image = randomImage(options);
    expect(validateImage(image.blobs, image.target)).toEqual([]);
    expect(randomImage(options)).toEqual(image);
    expect(image.layers).toHaveLength('layers' in options ? options.layers : 2);
  });

  test('depends on its seed', () => {
    expect(randomImage({ seed: 1 }).target.digest).not.toBe(randomImage({ seed: 2 }).target.digest);
  });

  test('in an index is valid for each platform', () => {
    const index = randomIndex({ mediaTypes: 'docker' });
    expect(index.target.mediaType).toBe(mediaTypes.dockerManifestList);
    expect(validateImage(index.blobs, index.target)).toEqual([]);
    expect(new Set(index.images.map(({ config }) => config.digest)).size).toBe(2);
  });
});

describe('the validation of an image', () => {
  const image = randomImage({ layers: 2 });

  test.each([
    ['manifest', image.manifest],
    ['config', image.config],
    ['layer', image.layers[1] ?? image.manifest],
  ])('finds a missing and a changed %s', (what, { digest }) => {
    const without = new Map(image.blobs);
    without.delete(digest);
    expect(validateImage(without, image.target)).toEqual([`${digest} (${what}): missing`]);
    const changed = new Map(image.blobs).set(
      digest,
      Buffer.concat([image.blobs.get(digest) ?? Buffer.alloc(0), Buffer.from(' ')]),
    );
    const problems = validateImage(changed, image.target);
    expect(problems.length).toBeGreaterThanOrEqual(2);
    expect(problems.every((problem) => problem.startsWith(digest))).toBe(true);
  });

  test('finds an index without any of its manifests', () => {
    const index = randomIndex();
    const alone = new Map([[index.target.digest, index.blobs.get(index.target.digest) ?? new Uint8Array()]]);
    expect(validateImage(alone, index.target)).toHaveLength(1);
  });
});

describe('a generated layer', () => {
  test('can be read by tar', () => {
    const tar = createTar([
      { type: 'directory', path: 'etc/' },
      { type: 'file', path: 'etc/motd', bytes: Buffer.from('hello'), mode: 0o600 },
      { type: 'symlink', path: 'etc/link', target: 'motd' },
      { type: 'hardlink', path: 'etc/hard', target: 'etc/motd' },
    ]);
    const { stdout, status } = spawnSync('tar', ['-tvf', '-'], { input: tar, encoding: 'utf8' });
    expect(status).toBe(0);
    expect(stdout.split('\n').map((line) => line.slice(0, 10))).toEqual([
      'drwxr-xr-x',
      '-rw-------',
      'lrwxrwxrwx',
      'hrwxrwxrwx',
      '',
    ]);
    const cat = spawnSync('tar', ['-xOf', '-', 'etc/motd'], { input: tar, encoding: 'utf8' });
    expect(cat.stdout).toBe('hello');
  });

  test.each(['none', 'gzip', 'zstd'] as const)('survives %s', (compression) => {
    for (const size of [0, 1, 128 * 1024, 128 * 1024 + 1, 1_000_000]) {
      const bytes = createRandom(size).bytes(size);
      expect(Buffer.compare(decompressLayer(compressLayer(bytes, compression), compression), bytes)).toBe(0);
    }
  });

  test('with zstd of another compressor is refused', () => {
    expect(() => decompressLayer(Buffer.alloc(20), 'zstd')).toThrow('decompressZstd');
  });
});
