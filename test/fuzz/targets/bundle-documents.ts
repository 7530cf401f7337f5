import fc from 'fast-check';
import { digestOf, formatReference, fromHex } from '@drayage/core';
import {
  checkPackRoot,
  entryKind,
  formatBundleIndex,
  packDocuments,
  readBundleIndex,
  readPacks,
  type BundleIndex,
} from '@drayage/core/bundle';
import { formatStatus, parseStatus } from '@drayage/core/handover';
import { mediaTypes } from '@drayage/core/image';
import { createMemoryBlobStore } from '@drayage/core/testing';
import { claim, claimEqual, claimOneLine, errorOf, resolvedOf, valueOf } from '../claims.ts';
import { mutatedJson, type Json } from '../generators/json.ts';
import { descriptors, digests } from '../generators/oci.ts';
import { defineTarget, type Target } from '../target.ts';

const originKeys = ['digest', 'mediaType', 'size'].flatMap((key) => [
  `dev.drayage.index.${key}`,
  `dev.drayage.manifest.${key}`,
]);
const notes = fc.dictionary(
  fc.constantFrom('org.opencontainers.image.ref.name', 'io.containerd.image.name', 'note', ...originKeys),
  fc.oneof(
    fc.constantFrom(
      'latest',
      'redis:7',
      'docker.io/library/redis:7',
      'ghcr.io/a/b',
      mediaTypes.ociIndex,
      '12',
      '',
    ),
    digests,
  ),
  { maxKeys: 8 },
);

const bundleIndexes: fc.Arbitrary<Json> = fc.record({
  schemaVersion: fc.constant(2),
  mediaType: fc.constant(mediaTypes.ociIndex),
  annotations: fc.constantFrom<Json>({ 'dev.drayage.bundle.version': '1' }, {}),
  manifests: fc.array(
    fc
      .tuple(
        descriptors([mediaTypes.ociManifest, mediaTypes.ociIndex, mediaTypes.dockerManifest]),
        notes,
        fc.constantFrom<Json>({}, {}, { artifactType: 'application/vnd.drayage.pack.v1' }),
      )
      .map(([descriptor, annotations, more]) => ({ ...descriptor, annotations, ...spread(more) })),
    { maxLength: 6 },
  ),
});

function spread(value: Json): { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}

function readIndex(bytes: Uint8Array): Promise<BundleIndex | undefined> {
  const documents = {
    read: () => Promise.resolve(bytes),
    write: () => Promise.resolve(),
    delete: () => Promise.resolve(),
  };
  return readBundleIndex(documents);
}

const index = defineTarget('bundle-index', mutatedJson(bundleIndexes), async (bytes) => {
  const read = await resolvedOf(['BUNDLE_INVALID', 'BUNDLE_VERSION_UNSUPPORTED'], () => readIndex(bytes));
  if (read === undefined) return;
  const names = read.entries.flatMap(({ reference }) =>
    reference === undefined ? [] : [formatReference(reference)],
  );
  claimEqual(new Set(names).size, names.length, 'a reference occurs twice');
  const packs = read.packs.map(({ digest }) => digest);
  claimEqual(new Set(packs).size, packs.length, 'a pack occurs twice');
  const written = formatBundleIndex(read);
  const again = await readIndex(written);
  claim(again !== undefined, 'what was written cannot be read');
  claimEqual(formatBundleIndex(again), written, 'written twice it differs');
  claimEqual(again.entries.map(essence), read.entries.map(essence), 'written and read again it differs');
});

function essence({
  reference,
  target,
  manifest,
  convertedManifest,
}: BundleIndex['entries'][number]): unknown {
  return [
    reference === undefined ? undefined : formatReference(reference),
    ...[target, manifest ?? target, convertedManifest].map((descriptor) => descriptor?.digest),
  ];
}

const statuses: fc.Arbitrary<Json> = fc.record({
  version: fc.constantFrom(1, 1, 1, 2),
  runId: fc.string({ maxLength: 8 }),
  state: fc.constantFrom('running', 'ready', 'failed', 'cancelled'),
  beat: fc.nat(),
  leaseMs: fc.nat(),
  startedAt: fc.constant('2024-01-01T00:00:00Z'),
  updatedAt: fc.constant('2024-01-01T00:00:00Z'),
  pipeline: fc.constantFrom('7', 'a b', ''),
  progress: fc.constant({ bytesFetched: 1, bytesReused: 2 }),
  images: fc.array(
    fc.record({
      reference: fc.constantFrom('docker.io/library/redis:7', 'x'),
      alsoNamed: fc.array(fc.string({ maxLength: 4 }), { maxLength: 3 }),
      chosenFrom: fc.array(fc.constant('docker.io/library/redis:8'), { maxLength: 3 }),
      state: fc.constantFrom('pending', 'ready', 'failed', 'skipped'),
      manifestDigest: digests,
      bytes: fc.nat(),
      error: fc.constant({ code: 'REGISTRY_DENIED', message: 'no', hint: 'Log in.' }),
    }),
    { maxLength: 4 },
  ),
});

const status = defineTarget('status-documents', mutatedJson(statuses), (bytes) => {
  const read = valueOf(['STATUS_INVALID', 'BUNDLE_VERSION_UNSUPPORTED'], () => parseStatus(bytes));
  if (read === undefined) return;
  claimEqual(parseStatus(formatStatus(read)), read, 'written and read again it differs');
  claimTexts(read);
});

/** Every text in a document is one short line. */
function claimTexts(value: unknown): void {
  if (typeof value === 'string') {
    claimOneLine(value, 'a text of the status');
    claim(value.length <= 4001, 'a text of the status is too long');
  } else if (typeof value === 'object' && value !== null) {
    for (const member of Object.values(value)) claimTexts(member);
  }
}

const packConfigs: fc.Arbitrary<Json> = fc.record({
  version: fc.constantFrom(1, 1, 1, 2),
  filesystem: fc.constantFrom('squashfs', 'erofs', 'ext4'),
  layers: fc.array(fc.record({ diffId: digests, size: fc.nat(), tarSize: fc.nat(), entries: fc.nat() }), {
    maxLength: 4,
  }),
});
const packManifests: fc.Arbitrary<Json> = fc.record({
  schemaVersion: fc.constant(2),
  config: descriptors(['application/vnd.drayage.pack.config.v1+json']),
  layers: fc.array(
    descriptors([
      'application/vnd.drayage.pack.squashfs.v1',
      'application/vnd.drayage.tar-split.v1+json+gzip',
    ]),
    {
      maxLength: 4,
    },
  ),
});

const packs = defineTarget(
  'pack-documents',
  fc.record({ config: mutatedJson(packConfigs), manifest: fc.option(mutatedJson(packManifests)) }),
  async ({ config, manifest }) => {
    const configBlob = {
      mediaType: 'application/octet-stream',
      digest: digestOf(config),
      size: config.length,
    };
    const bytes = manifest ?? Buffer.from(JSON.stringify(manifestFor(configBlob, config)));
    const target = { mediaType: mediaTypes.ociManifest, digest: digestOf(bytes), size: bytes.length };
    const blobs = createMemoryBlobStore(
      new Map([
        [configBlob.digest, config],
        [target.digest, bytes],
      ]),
    );
    const codes = [
      'PACK_INVALID',
      'BLOB_MISSING',
      'MANIFEST_TOO_LARGE',
      'DIGEST_MISMATCH',
      'SIZE_MISMATCH',
    ] as const;
    const read = await resolvedOf(codes, () => readPacks(blobs, [target]));
    for (const { image, filesystem, layers } of read ?? []) {
      const documents = packDocuments(image, filesystem, layers);
      const both = [documents.config, documents.manifest] as const;
      const again = createMemoryBlobStore(new Map(both.map((made) => [made.descriptor.digest, made.bytes])));
      const [pack] = await readPacks(again, [documents.manifest.descriptor]);
      claimEqual(
        pack?.layers.map(({ diffId }) => diffId),
        layers.map(({ diffId }) => diffId),
        'other layers',
      );
      claimEqual(packDocuments(image, filesystem, pack?.layers ?? []), documents, 'written twice it differs');
    }
  },
);

/** A manifest with as many tar-splits as the config lists layers. */
function manifestFor(config: Json & object, bytes: Buffer): Json {
  const tarSplit = {
    mediaType: 'application/vnd.drayage.tar-split.v1+json+gzip',
    digest: digestOf('x'),
    size: 1,
  };
  const image = { ...tarSplit, mediaType: 'application/vnd.drayage.pack.squashfs.v1' };
  const count = bytes.toString().split('"diffId"').length - 1;
  return { config, layers: [image, ...Array.from({ length: Math.min(count, 1000) }, () => tarSplit)] };
}

const names = fc.oneof(
  fc.constantFrom(
    'a'.repeat(64),
    'b'.repeat(64),
    'c'.repeat(64),
    '..',
    '.',
    '',
    'etc',
    `${'a'.repeat(64)}\n`,
  ),
  fc.string({ unit: 'binary', maxLength: 70 }),
);
const diffIds = fc.uniqueArray(
  fc.constantFrom('a', 'b', 'c', 'd').map((digit) => digit.repeat(64)),
  { maxLength: 4 },
);

const roots = defineTarget(
  'pack-roots',
  fc.record({
    entries: fc.array(
      fc.record({
        name: names,
        letter: fc.constantFrom('d', 'd', 'd', 'd', 'l', '-', 'b', 'c', 'p', 's', 'm', '?'),
      }),
      {
        maxLength: 6,
      },
    ),
    wanted: fc.option(diffIds),
  }),
  ({ entries, wanted }) => {
    const root = {
      pack: digestOf('pack'),
      entries: entries.map(({ name, letter }) => ({ name, kind: entryKind(letter) })),
      diffIds: wanted?.map(fromHex),
    };
    const error = errorOf(['PACK_INVALID'], () => checkPackRoot(root));
    const found = entries.map(({ name }) => name);
    const areDirectories = entries.every(({ letter, name }) => letter === 'd' && /^[0-9a-f]{64}$/.test(name));
    const isWhole =
      wanted === null || (found.length === wanted.length && wanted.every((hex) => found.includes(hex)));
    const isGood = areDirectories && new Set(found).size === found.length && isWhole;
    claimEqual(error === undefined, isGood, 'a root is wrongly refused or accepted');
  },
);

export const bundleDocumentTargets: readonly Target[] = [index, status, packs, roots];
