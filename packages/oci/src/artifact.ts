import { digestOf, isObject, type Descriptor, type Digest, type DocumentName } from '@drayage/core';
import { mediaTypes } from '@drayage/core/image';

/**
 * How artifacts name their type. `artifact`: `artifactType` with the empty config, as the specification has
 * it. `image`: media types of an image, for registries that accept nothing else; an annotation has the true
 * type.
 */
export type ArtifactForm = 'artifact' | 'image';

/** Bytes and their descriptor. */
export interface MadeBlob {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

/** A document of a bundle as an artifact. */
export interface DocumentArtifact {
  readonly key: string;
  readonly name: DocumentName;
  /** Undefined: the document was deleted, where the registry deletes nothing. */
  readonly content: Uint8Array | undefined;
  /** The blobs that the artifact keeps from the registry's garbage collection. */
  readonly references: readonly Pick<Descriptor, 'digest' | 'size'>[];
}

export interface MadeArtifact {
  readonly manifest: Uint8Array;
  /** What the manifest needs and no other code uploads. */
  readonly blobs: readonly MadeBlob[];
}

const types = {
  document: 'application/vnd.drayage.document.v1+json',
  blob: 'application/vnd.drayage.blob.v1',
  empty: 'application/vnd.oci.empty.v1+json',
} as const;

const annotationKeys = {
  type: 'dev.drayage.type',
  key: 'dev.drayage.key',
  name: 'dev.drayage.document',
  content: 'dev.drayage.content',
  contentDigest: 'dev.drayage.content.digest',
  contentSize: 'dev.drayage.content.size',
  deleted: 'dev.drayage.deleted',
} as const;

/**
 * The longest document that goes into an annotation (bytes): a manifest may have 4 MiB, and JSON escapes a
 * byte with six at most.
 */
const maxInlineBytes = 256 * 1024;

/**
 * The manifest of a document. A short one is in an annotation, so that one request replaces it, and one reads
 * it.
 * @see image-spec v1.1.1, manifest.md "Guidelines for Artifact Usage"
 */
export function makeArtifact(document: DocumentArtifact, form: ArtifactForm): MadeArtifact {
  const { content, references } = document;
  const isInline = content === undefined || isShortText(content);
  const contentBlob = isInline ? undefined : made(types.document, content);
  const layers = [
    ...(contentBlob === undefined ? [] : [contentBlob.descriptor]),
    ...references.map(({ digest, size }) => ({ mediaType: types.blob, digest, size })),
  ];
  const empty = made(types.empty, Buffer.from('{}'));
  const listed = layers.length === 0 ? [empty.descriptor] : layers;
  const config = form === 'artifact' ? empty : imageConfig(listed.map(({ digest }) => digest));
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    ...(form === 'artifact' ? { artifactType: types.document } : {}),
    config: config.descriptor,
    layers:
      form === 'artifact' ? listed : listed.map((layer) => ({ ...layer, mediaType: mediaTypes.ociLayer })),
    annotations: {
      ...(form === 'image' ? { [annotationKeys.type]: types.document } : {}),
      [annotationKeys.key]: document.key,
      [annotationKeys.name]: document.name,
      ...contentAnnotations(content, contentBlob),
    },
  };
  return {
    manifest: Buffer.from(JSON.stringify(manifest)),
    blobs: [
      ...new Set([config, ...(layers.length === 0 ? [empty] : []), ...(contentBlob ? [contentBlob] : [])]),
    ],
  };
}

/** What a manifest says about a document. */
export type ParsedArtifact = { readonly references: readonly Pick<Descriptor, 'digest' | 'size'>[] } & (
  | { readonly kind: 'inline'; readonly content: Uint8Array }
  | { readonly kind: 'blob'; readonly descriptor: Descriptor }
  | { readonly kind: 'deleted' }
);

/** Undefined when the manifest is not the one of that document. */
export function parseArtifact(
  bytes: Uint8Array,
  key: string,
  name: DocumentName,
): ParsedArtifact | undefined {
  const manifest = parseJson(bytes);
  const annotations = isObject(manifest) ? manifest['annotations'] : undefined;
  if (!isObject(manifest) || !isObject(annotations)) return undefined;
  if (annotations[annotationKeys.key] !== key || annotations[annotationKeys.name] !== name) return undefined;
  const content = annotations[annotationKeys.content];
  const descriptor = contentDescriptor(annotations);
  const layers: readonly unknown[] = Array.isArray(manifest['layers']) ? manifest['layers'] : [];
  const references = layers
    .filter(isReference)
    .filter(({ digest }) => digest !== descriptor?.digest && digest !== emptyDigest)
    .map(({ digest, size }) => ({ digest, size }));
  if (annotations[annotationKeys.deleted] === 'true') return { kind: 'deleted', references };
  if (typeof content === 'string') return { kind: 'inline', content: Buffer.from(content), references };
  return descriptor === undefined ? undefined : { kind: 'blob', descriptor, references };
}

const emptyDigest = digestOf('{}');

function contentAnnotations(
  content: Uint8Array | undefined,
  blob: MadeBlob | undefined,
): Readonly<Record<string, string>> {
  if (content === undefined) return { [annotationKeys.deleted]: 'true' };
  if (blob === undefined) return { [annotationKeys.content]: Buffer.from(content).toString('utf8') };
  const { digest, size } = blob.descriptor;
  return { [annotationKeys.contentDigest]: digest, [annotationKeys.contentSize]: String(size) };
}

function contentDescriptor(annotations: Readonly<Record<string, unknown>>): Descriptor | undefined {
  const size = annotations[annotationKeys.contentSize];
  const reference = { digest: annotations[annotationKeys.contentDigest], size: Number(size) };
  return isReference(reference) ? { mediaType: types.document, ...reference } : undefined;
}

function isReference(value: unknown): value is { readonly digest: Digest; readonly size: number } {
  return (
    isObject(value) &&
    typeof value['digest'] === 'string' &&
    /^sha256:[0-9a-f]{64}$/.test(value['digest']) &&
    Number.isSafeInteger(value['size'])
  );
}

/** A config as an engine would write it: some registries parse it, and compare the number of layers. */
function imageConfig(diffIds: readonly Digest[]): MadeBlob {
  const config = {
    architecture: 'amd64',
    os: 'linux',
    config: {},
    rootfs: { type: 'layers', diff_ids: diffIds },
  };
  return made(mediaTypes.ociConfig, Buffer.from(JSON.stringify(config)));
}

function isShortText(content: Uint8Array): boolean {
  if (content.byteLength > maxInlineBytes) return false;
  return Buffer.compare(Buffer.from(Buffer.from(content).toString('utf8')), content) === 0;
}

function made(mediaType: string, bytes: Uint8Array): MadeBlob {
  return { descriptor: { mediaType, digest: digestOf(bytes), size: bytes.byteLength }, bytes };
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return undefined;
  }
}
