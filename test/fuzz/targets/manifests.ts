import fc from 'fast-check';
import { hexOf, isDigest, type Descriptor } from '@drayage/core';
import {
  convertToOci,
  isIndexType,
  isManifestType,
  maxManifestBytes,
  mediaTypes,
  parseImageConfig,
  parseManifest,
  selectManifest,
  type Index,
  type Manifest,
} from '@drayage/core/image';
import { claim, claimEqual, valueOf } from '../claims.ts';
import { mutatedJson } from '../generators/json.ts';
import { configs, indexes, manifests } from '../generators/oci.ts';
import { defineTarget, type Target } from '../target.ts';

const codes = [
  ...(['MANIFEST_INVALID', 'DIGEST_INVALID', 'MEDIA_TYPE_UNSUPPORTED', 'SCHEMA1_UNSUPPORTED'] as const),
  'MANIFEST_TOO_LARGE',
] as const;

const declaredTypes = fc.constantFrom(
  ...[undefined, '', 'application/json', 'text/html; charset=utf-8'],
  ...Object.values(mediaTypes),
);

const parsing = defineTarget(
  'manifests',
  fc.record({ bytes: mutatedJson(fc.oneof(manifests, indexes)), declared: declaredTypes }),
  ({ bytes, declared }) => {
    const parsed = valueOf(codes, () => parseManifest(bytes, declared, 'it'));
    if (parsed === undefined) return;
    if (parsed.kind === 'index') checkIndex(parsed);
    else checkManifest(parsed);
  },
);

function checkManifest(manifest: Manifest): void {
  for (const descriptor of [manifest.config, ...manifest.layers]) checkDescriptor(descriptor);
  const converted = convertToOci(manifest);
  if (converted === undefined) return;
  const again = parseManifest(converted.bytes, converted.descriptor.mediaType);
  claim(again.kind === 'manifest', 'the converted manifest is an index');
  claimEqual(
    again.layers.map(essence),
    manifest.layers.map(essence),
    'the converted manifest has other layers',
  );
  claim(convertToOci(again) === undefined, 'the converted manifest is not OCI');
}

function essence({ digest, size }: Descriptor): unknown {
  return [digest, size];
}

function checkIndex(index: Index): void {
  for (const descriptor of index.manifests) checkDescriptor(descriptor);
  const wanted = { os: 'linux', architecture: 'amd64' };
  const chosen = valueOf(['PLATFORM_NOT_FOUND'], () => selectManifest(index, wanted, 'it'));
  if (chosen === undefined) return;
  claim(index.manifests.includes(chosen), 'a manifest was chosen that the index does not list');
  const isKnown = isManifestType(chosen.mediaType) || isIndexType(chosen.mediaType);
  claim(isKnown, 'the chosen descriptor is neither a manifest nor an index');
}

function checkDescriptor({ digest, size, annotations }: Descriptor): void {
  claim(isDigest(digest) && /^[0-9a-f]{64}$/.test(hexOf(digest)), 'a digest is not canonical');
  claim(Number.isSafeInteger(size) && size >= 0, 'a size is no count of bytes');
  for (const value of Object.values(annotations ?? {}))
    claim(typeof value === 'string', 'an annotation is no text');
}

const printing = defineTarget('manifests-valid', fc.oneof(manifests, indexes), (document) => {
  const parsed = parseManifest(Buffer.from(JSON.stringify(document)), undefined);
  const listed = parsed.kind === 'index' ? parsed.manifests : parsed.layers;
  const written = parsed.kind === 'index' ? document['manifests'] : document['layers'];
  claim(Array.isArray(written), 'the document has no list');
  claimEqual(
    listed.map(({ mediaType, digest, size }) => ({ mediaType, digest, size })),
    written.map(({ mediaType, digest, size }: Readonly<Record<string, unknown>>) => ({
      mediaType,
      digest,
      size,
    })),
    'what was read is not what was written',
  );
});

const configsTarget = defineTarget('configs', mutatedJson(configs), (bytes) => {
  const config = valueOf(['MANIFEST_INVALID', 'DIGEST_INVALID'], () => parseImageConfig(bytes));
  if (config === undefined) return;
  claim(config.diffIds.every(isDigest), 'a diffId is no digest');
  claim(bytes.length <= maxManifestBytes && config.platform.os !== '', 'a platform without a system');
});

export const manifestTargets: readonly Target[] = [parsing, printing, configsTarget];
