import { describe, expect, test } from '@jest/globals';
import { isDrayError } from '../errors.ts';
import { digestOf } from '../image/digest.ts';
import { mediaTypes } from '../image/media-types.ts';
import { parseReference } from '../image/reference.ts';
import { createMemoryTransport } from '../testing/memory-transport.ts';
import {
  emptyIndex,
  formatBundleIndex,
  parseBundleIndex,
  readBundleIndex,
  withEntry,
} from './bundle-index.ts';
import type { BundleEntry } from './bundle-index.ts';

const platform = { os: 'linux', architecture: 'arm64', variant: 'v9' };
const manifest = { mediaType: mediaTypes.ociManifest, digest: digestOf('manifest'), size: 7 };
const index = { mediaType: mediaTypes.dockerManifestList, digest: digestOf('index'), size: 9 };
const refName = 'org.opencontainers.image.ref.name';
const imageName = 'io.containerd.image.name';

describe('the index of a bundle', () => {
  test('survives being written and read', () => {
    const annotated = { ...manifest, annotations: { a: 'b' } };
    const entries: readonly BundleEntry[] = [
      { ...named('redis:7'), target: manifest, manifest: { ...manifest, platform } },
      { ...named('ghcr.io/org/app:1'), target: index, manifest: { ...manifest, platform } },
      { ...named(`redis@${manifest.digest}`), target: manifest, manifest },
      { ...named('docker.io/org/foreign:2'), target: index },
      { name: 'latest', target: annotated, manifest: annotated },
      { target: index },
    ];
    const read = parseBundleIndex(formatBundleIndex({ ...emptyIndex, entries }));
    const [first, ...rest] = entries;
    expect(read.entries.slice(1)).toEqual(rest);
    // When the reference names the manifest itself, `target` and `manifest` are the one listed descriptor.
    expect(read.entries[0]).toEqual({ ...first, target: { ...manifest, platform } });
    expect(formatBundleIndex(read)).toEqual(formatBundleIndex({ ...emptyIndex, entries }));
  });

  test('lists the platform’s manifest with its names, and the registry’s index', () => {
    const entry = {
      reference: parseReference('redis:7'),
      target: index,
      manifest: { ...manifest, platform },
    };
    expect(jsonOf({ ...emptyIndex, entries: [entry] })).toEqual({
      schemaVersion: 2,
      mediaType: mediaTypes.ociIndex,
      manifests: [
        {
          ...manifest,
          platform,
          annotations: {
            [imageName]: 'docker.io/library/redis:7',
            [refName]: 'docker.io/library/redis:7',
            'dev.drayage.index.digest': index.digest,
            'dev.drayage.index.mediaType': index.mediaType,
            'dev.drayage.index.size': '9',
          },
        },
      ],
      annotations: { 'dev.drayage.bundle.version': '1' },
      'dev.drayage.checksum': expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
    });
  });

  test('lists the converted manifest of a Docker manifest, and finds the original again', () => {
    const docker = { mediaType: mediaTypes.dockerManifest, digest: digestOf('docker'), size: 6, platform };
    const convertedManifest = { ...manifest, platform };
    const entry = { ...named('redis:7'), target: index, manifest: docker, convertedManifest };
    expect(jsonOf({ ...emptyIndex, entries: [entry] })).toMatchObject({
      manifests: [
        {
          ...convertedManifest,
          annotations: {
            'dev.drayage.manifest.digest': docker.digest,
            'dev.drayage.manifest.mediaType': mediaTypes.dockerManifest,
            'dev.drayage.manifest.size': '6',
          },
        },
      ],
    });
    expect(parseBundleIndex(formatBundleIndex({ ...emptyIndex, entries: [entry] })).entries).toEqual([entry]);
  });

  test('replaces an entry of the same reference in its place', () => {
    const other = { ...manifest, digest: digestOf('other') };
    const before = [named('a'), named('b'), named('c')].map((name) => ({ ...name, target: manifest }));
    const after = withEntry(
      { ...emptyIndex, entries: before },
      { ...named('docker.io/library/b:latest'), target: other },
    );
    expect(after.entries.map(({ target }) => target.digest)).toEqual([
      manifest.digest,
      other.digest,
      manifest.digest,
    ]);
    expect(before[1]?.target).toBe(manifest);
    expect(withEntry(emptyIndex, { target: manifest }).entries).toHaveLength(1);
  });

  test('keeps images without a reference apart', () => {
    const other = { ...manifest, digest: digestOf('other') };
    const entries = [
      { target: manifest },
      { name: 'latest', target: manifest },
      { name: 'latest', target: other },
      { target: manifest },
    ];
    expect(entries.reduce(withEntry, emptyIndex).entries).toEqual(entries.slice(0, 3));
  });

  test('is undefined when missing, and read when present', async () => {
    const { documents } = createMemoryTransport();
    expect(await readBundleIndex(documents)).toBeUndefined();
    await documents.write('index.json', formatBundleIndex(emptyIndex));
    expect(await readBundleIndex(documents)).toEqual(emptyIndex);
  });
});

test('an index with a changed name is refused; without its checksum, it is an index of another tool', () => {
  const entries = [{ ...named('redis:7'), target: manifest, manifest }];
  const text = new TextDecoder().decode(formatBundleIndex({ ...emptyIndex, entries }));
  const changed = text.replaceAll('redis:7', 'redis:6');
  expect(codeOf(() => parseBundleIndex(Buffer.from(changed)))).toBe('BUNDLE_INVALID');
  const bare = changed.replace(/,\s*"dev\.drayage\.checksum": "[^"]*"/, '');
  expect(parseBundleIndex(Buffer.from(bare)).entries).toMatchObject([{ reference: { tag: '6' } }]);
});

describe('an index of another tool', () => {
  test.each([
    ['a full name', { [refName]: 'ghcr.io/org/app:1' }, 'ghcr.io/org/app:1', 'ghcr.io/org/app:1'],
    ['a bare tag', { [refName]: 'latest' }, undefined, 'latest'],
    ['no name', {}, undefined, undefined],
    ['an empty name', { [refName]: '' }, undefined, undefined],
    ['a name that is not a reference', { [refName]: 'Not/Valid' }, undefined, 'Not/Valid'],
    [
      'the names that docker save writes',
      { [imageName]: 'docker.io/library/redis:7', [refName]: '7' },
      'redis:7',
      'docker.io/library/redis:7',
    ],
    ['two full names', { [imageName]: 'redis:7', [refName]: 'redis:8' }, 'redis:7', 'redis:7'],
    [
      'one broken and one full name',
      { [imageName]: 'Not/Valid', [refName]: 'redis:8' },
      'redis:8',
      'Not/Valid',
    ],
  ])('is read with %s', (_, annotations, reference, name) => {
    const { entries } = parse({ manifests: [{ ...manifest, annotations }] });
    expect(entries).toEqual([
      {
        ...(reference === undefined ? {} : { reference: parseReference(reference) }),
        ...(name === undefined ? {} : { name }),
        target: manifest,
        manifest,
      },
    ]);
  });

  test('leaves the choice of an index’s manifest open', () => {
    expect(parse({ manifests: [index] }).entries).toEqual([{ target: index }]);
  });

  test('with a repeated reference yields the last entry', () => {
    const annotations = { [imageName]: 'redis:7' };
    const { entries } = parse({
      manifests: [
        { ...manifest, annotations },
        { ...index, annotations },
      ],
    });
    expect(entries.map(({ target }) => target)).toEqual([index]);
  });

  test.each([
    ['invalid JSON', 'x', 'BUNDLE_INVALID'],
    ['an array', '[]', 'BUNDLE_INVALID'],
    ['no manifests', '{}', 'BUNDLE_INVALID'],
    ['a manifest without digest', '{"manifests":[{"mediaType":"x","size":1}]}', 'BUNDLE_INVALID'],
    [
      'a path as digest',
      '{"manifests":[{"mediaType":"x","digest":"sha256:../../x","size":1}]}',
      'BUNDLE_INVALID',
    ],
    [
      'a newer version',
      '{"manifests":[],"annotations":{"dev.drayage.bundle.version":"2"}}',
      'BUNDLE_VERSION_UNSUPPORTED',
    ],
    [
      'a version that nests too deeply',
      `{"manifests":[],"annotations":{"dev.drayage.bundle.version":${'['.repeat(20_000)}${']'.repeat(20_000)}}}`,
      'BUNDLE_INVALID',
    ],
    [
      'an odd version',
      '{"manifests":[],"annotations":{"dev.drayage.bundle.version":{}}}',
      'BUNDLE_VERSION_UNSUPPORTED',
    ],
  ])('is refused for %s', (_, text, code) => {
    expect(codeOf(() => parseBundleIndex(Buffer.from(text)))).toBe(code);
  });

  test.each([
    ['digest', { 'dev.drayage.index.digest': 'x', 'dev.drayage.index.size': '1' }],
    ['size', { 'dev.drayage.index.digest': index.digest, 'dev.drayage.index.size': '1e3' }],
    ['missing size', { 'dev.drayage.index.digest': index.digest }],
  ])('is refused for a bad %s of the registry’s index', (_, annotations) => {
    expect(codeOf(() => parse({ manifests: [{ ...manifest, annotations }] }))).toBe('BUNDLE_INVALID');
  });
});

function named(text: string): Pick<BundleEntry, 'reference' | 'name'> {
  const reference = parseReference(text);
  const { registry, repository, tag, digest } = reference;
  const name = `${registry}/${repository}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
  return { reference, name };
}

function parse(value: unknown): ReturnType<typeof parseBundleIndex> {
  return parseBundleIndex(Buffer.from(JSON.stringify(value)));
}

function jsonOf(value: Parameters<typeof formatBundleIndex>[0]): unknown {
  return JSON.parse(new TextDecoder().decode(formatBundleIndex(value)));
}

function codeOf(action: () => unknown): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    return isDrayError(error) ? error.code : String(error);
  }
}
