import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { digestOf, hexOf, type Descriptor, type Digest } from '@drayage/core';
import {
  checkLayout,
  inspectBundle,
  readBundleIndex,
  readHeldContent,
  readImage,
  verifyBundle,
} from '@drayage/core/bundle';
import { mediaTypes } from '@drayage/core/image';
import { createMemoryBlobStore, randomImage } from '@drayage/core/testing';
import { claim, claimEqual, claimOneLine, resolvedOf } from '../claims.ts';
import { jsonOf, mutatedJson, type Json } from '../generators/json.ts';
import { scratchDirectory } from '../scratch.ts';
import { defineTarget, type Target } from '../target.ts';

const image = randomImage({ layers: 2, size: 60 });

/** Blobs by digest, and what `index.json` lists. */
interface Content {
  readonly blobs: ReadonlyMap<Digest, Uint8Array>;
  readonly listed: readonly Descriptor[];
}

/** An index that lists others, down to an image; each index lists what is below it some times. */
interface Nesting {
  readonly times: readonly number[];
  readonly platform: Json;
  readonly top: 'digest' | 'other digest';
}

const nestings: fc.Arbitrary<Nesting> = fc.record({
  times: fc.array(fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 250 })), {
    maxLength: 6,
  }),
  platform: fc.constantFrom<Json>(
    { os: 'linux', architecture: 'amd64' },
    { os: 'linux', architecture: 'arm64' },
    null,
  ),
  top: fc.constantFrom('digest', 'digest', 'digest', 'other digest'),
});

function nested({ times, platform, top }: Nesting): Content {
  const blobs = new Map(image.blobs);
  let below: Descriptor = image.manifest;
  for (const [level, count] of times.entries()) {
    const entry = level === 0 ? { ...below, ...(platform === null ? {} : { platform }) } : below;
    const document = {
      schemaVersion: 2,
      mediaType: mediaTypes.ociIndex,
      manifests: Array(count).fill(entry),
    };
    const bytes = Buffer.from(JSON.stringify(document));
    below = { mediaType: mediaTypes.ociIndex, digest: digestOf(bytes), size: bytes.length };
    blobs.set(below.digest, bytes);
  }
  return { blobs, listed: [top === 'digest' ? below : { ...below, digest: digestOf('other') }] };
}

const imageCodes = [
  ...([
    'BLOB_MISSING',
    'DIGEST_MISMATCH',
    'SIZE_MISMATCH',
    'MANIFEST_TOO_LARGE',
    'MANIFEST_INVALID',
  ] as const),
  ...(['DIGEST_INVALID', 'MEDIA_TYPE_UNSUPPORTED', 'SCHEMA1_UNSUPPORTED', 'PLATFORM_NOT_FOUND'] as const),
];

const nestedIndexes = defineTarget('indexes-nested', nestings, async (nesting) => {
  const { blobs, listed } = nested(nesting);
  const store = createMemoryBlobStore(blobs);
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: listed }));
  const documents = {
    read: () => Promise.resolve(bytes),
    write: () => Promise.resolve(),
    delete: () => Promise.resolve(),
  };
  const held = await readHeldContent({ blobs: store, documents });
  for (const { config } of held.images)
    claimEqual(config.digest, image.config.digest, 'another image was found');
  const [entry] = (await readBundleIndex(documents))?.entries ?? [];
  if (entry === undefined) return;
  const wanted = { os: 'linux', architecture: 'amd64' };
  const read = await resolvedOf(imageCodes, () => readImage(store, entry, wanted));
  if (read !== undefined) claimEqual(read.config.digest, image.config.digest, 'another image was read');
});

const layoutFiles = mutatedJson(fc.constant({ imageLayoutVersion: '1.0.0' }));
const indexFiles = mutatedJson(
  fc.constant({
    schemaVersion: 2,
    manifests: [
      {
        ...{ mediaType: mediaTypes.ociManifest, digest: image.manifest.digest, size: image.manifest.size },
        annotations: { 'org.opencontainers.image.ref.name': 'docker.io/library/app:1' },
      },
    ],
  }),
);
const manifestFiles = mutatedJson(
  fc.constant(
    jsonOf({
      ...{ schemaVersion: 2, mediaType: mediaTypes.ociManifest, config: image.config, layers: image.layers },
    }),
  ),
);

const layouts = defineTarget(
  'oci-layouts',
  fc.record({
    layout: fc.option(layoutFiles),
    index: fc.oneof(indexFiles, fc.constant(null)),
    manifest: fc.option(manifestFiles),
    status: fc.option(mutatedJson(fc.constant({ version: 1 })), { freq: 1 }),
  }),
  async ({ layout, index, manifest, status }) => {
    const dir = join(scratchDirectory(), 'layout');
    writeLayout(dir, {
      'oci-layout': layout ?? Buffer.from('{"imageLayoutVersion":"1.0.0"}'),
      'index.json': manifest === null ? index : indexFor(manifest),
      'dray-status.json': status,
      ...(manifest === null ? {} : { [`blobs/sha256/${hexOf(digestOf(manifest))}`]: manifest }),
    });
    const codes = ['BUNDLE_INVALID', 'BUNDLE_VERSION_UNSUPPORTED', 'STATUS_INVALID'] as const;
    await resolvedOf(codes, () => checkLayout(dir));
    const inspection = await resolvedOf(codes, () => inspectBundle(dir));
    for (const { problem, complete } of inspection?.images ?? []) {
      claim(complete === (problem === undefined), 'an incomplete image has no reason');
      claimOneLine(problem ?? '', 'a problem');
    }
    JSON.stringify(inspection);
    const verification = await resolvedOf(codes, () => verifyBundle(dir));
    if (verification === undefined) return;
    claimEqual(verification.ok, verification.problems.length === 0, 'the result contradicts the problems');
    for (const { message } of verification.problems) claimOneLine(message, 'a problem');
    if (verification.ok)
      claim(inspection?.images.every(({ complete }) => complete) ?? true, 'an incomplete image is fine');
  },
);

function indexFor(manifest: Buffer): Buffer {
  const descriptor = { mediaType: mediaTypes.ociManifest, digest: digestOf(manifest), size: manifest.length };
  return Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [descriptor] }));
}

function writeLayout(dir: string, files: Readonly<Record<string, Uint8Array | null>>): void {
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(join(dir, 'blobs/sha256'), { recursive: true });
  for (const [digest, bytes] of image.blobs) writeFileSync(join(dir, 'blobs/sha256', hexOf(digest)), bytes);
  for (const [name, bytes] of Object.entries(files)) {
    if (bytes !== null) writeFileSync(join(dir, name), bytes);
  }
}

export const layoutTargets: readonly Target[] = [nestedIndexes, layouts];
