import {
  DrayError,
  IntegrityError,
  RegistryError,
  digestOf,
  familiarReference,
  isDigest,
} from '@drayage/core';
import type { Descriptor, Digest, Reference } from '@drayage/core';
import {
  checkManifestSize,
  isIndexType,
  isManifestType,
  isSchema1Type,
  maxManifestBytes,
  mediaTypes,
  parseManifest,
} from '@drayage/core/image';
import { abandon, discard, readDecoded, statusOf, type FinalResponse } from '@drayage/http';
import { challengesOf } from './api-root.ts';
import type { Endpoint } from './endpoints.ts';
import { pullOperation, type PullOperation, type RegistryClient } from './registry-client.ts';

const acceptedTypes: readonly string[] = [
  mediaTypes.ociIndex,
  mediaTypes.dockerManifestList,
  mediaTypes.ociManifest,
  mediaTypes.dockerManifest,
];

// Servers send these for unknown content.
const meaninglessTypes = new Set(['application/json', 'application/octet-stream', 'text/plain']);

/**
 * The descriptor of the manifest or index that `reference` names. Tries HEAD first; GET decides if HEAD
 * fails, says too little, or has another digest than the reference. A digest in the reference takes
 * precedence over its tag.
 * @throws RegistryError; IntegrityError `DIGEST_MISMATCH`; DrayError `SCHEMA1_UNSUPPORTED`,
 * `MANIFEST_TOO_LARGE`, `ABORTED`
 * @see distribution-spec v1.1.1, "Pulling manifests"
 */
export async function resolveManifest(
  client: RegistryClient,
  endpoint: Endpoint,
  reference: Reference,
  signal: AbortSignal | undefined,
): Promise<Descriptor> {
  const name = familiarReference(reference);
  const operation = pullOperation(`resolve ${name}`, endpoint);
  const descriptor = await client.persist(operation, signal, async () => {
    const target = { client, operation, reference, signal };
    return (await resolveByHead(target, name)) ?? (await resolveByGet(target, name));
  });
  if (reference.digest !== undefined && descriptor.digest !== reference.digest) {
    throw digestMismatch(`cannot ${operation.title}`, reference.digest, descriptor.digest);
  }
  checkManifestSize(descriptor.size, name);
  return descriptor;
}

/**
 * The bytes of a manifest, exactly as received and checked against `descriptor`.
 * @throws RegistryError; IntegrityError `DIGEST_MISMATCH`, `SIZE_MISMATCH`; DrayError `MANIFEST_TOO_LARGE`,
 * `ABORTED`
 */
export async function fetchManifest(
  client: RegistryClient,
  endpoint: Endpoint,
  reference: Reference,
  descriptor: Descriptor,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const { digest, size } = descriptor;
  const operation = pullOperation(`read manifest ${digest} of ${familiarReference(reference)}`, endpoint);
  checkManifestSize(size, `manifest ${digest}`);
  const { bytes } = await client.persist(operation, signal, () =>
    getManifest({ client, operation, reference: { ...reference, digest }, signal }, [descriptor.mediaType]),
  );
  const actual = digestOf(bytes);
  if (actual !== digest) throw digestMismatch(`cannot ${operation.title}`, digest, actual);
  if (bytes.byteLength !== size) {
    const message = `cannot ${operation.title}: it has ${String(bytes.byteLength)} bytes, not ${String(size)}`;
    const details = { digest, receivedBytes: bytes.byteLength };
    throw new IntegrityError('SIZE_MISMATCH', message, { details });
  }
  return bytes;
}

interface Target {
  readonly client: RegistryClient;
  readonly operation: PullOperation;
  readonly reference: Reference;
  readonly signal: AbortSignal | undefined;
}

async function resolveByHead(target: Target, name: string): Promise<Descriptor | undefined> {
  const response = await request(target, 'HEAD', []).catch((error: unknown) => {
    if (isHeadFault(error)) return undefined;
    throw error;
  });
  if (response === undefined) return undefined;
  await discard(response);
  if (response.status !== 200) {
    const failure = await target.client.failure(target.operation, response);
    // A demand to wait or for another login applies to GET too.
    if (response.status === 429 || challengesOf(response).length > 0) throw failure;
    return undefined;
  }
  const digest = response.header('docker-content-digest') ?? '';
  const size = contentLength(response) ?? 0;
  const mediaType = contentType(response);
  const isWanted = target.reference.digest === undefined || target.reference.digest === digest;
  const isEncoded = response.header('content-encoding') !== undefined;
  if (!isDigest(digest) || !isWanted || isEncoded || size === 0 || mediaType === undefined) return undefined;
  if (!isManifestType(mediaType) && !isIndexType(mediaType) && !isSchema1Type(mediaType)) return undefined;
  if (size > maxManifestBytes) return undefined;
  refuseSchema1(mediaType, name);
  return { mediaType, digest, size };
}

/** True for a server or proxy that cannot answer HEAD, but perhaps GET. */
function isHeadFault(error: unknown): boolean {
  if (!(error instanceof RegistryError) || statusOf(error) !== undefined) return false;
  const reason = error.details['reason'];
  return error.code === 'REGISTRY_PROTOCOL' || reason === 'UND_ERR_SOCKET' || reason === 'ECONNRESET';
}

async function resolveByGet(target: Target, name: string): Promise<Descriptor> {
  const { bytes, response } = await getManifest(target, []);
  const mediaType = contentType(response) ?? parseManifest(bytes, undefined, name).mediaType;
  refuseSchema1(mediaType, name);
  const stated = response.header('docker-content-digest') ?? '';
  const wanted = target.reference.digest;
  const isOther = wanted !== undefined && isDigest(stated) && stated !== wanted;
  return { mediaType, digest: isOther ? stated : digestOf(bytes), size: bytes.byteLength };
}

async function getManifest(
  target: Target,
  extraTypes: readonly string[],
): Promise<{ readonly bytes: Uint8Array; readonly response: FinalResponse }> {
  const { operation } = target;
  const response = await request(target, 'GET', extraTypes);
  if (response.status !== 200) throw await target.client.failure(operation, response);
  const announced = contentLength(response) ?? 0;
  if (announced > maxManifestBytes) {
    abandon(response.body);
    checkManifestSize(announced, operation.title.replace(/^\S+ /, ''));
  }
  const { bytes, isWhole } = await readDecoded(response, maxManifestBytes);
  if (!isWhole) {
    throw new DrayError('MANIFEST_TOO_LARGE', `cannot ${operation.title}: it is over the limit of 4 MiB`);
  }
  return { bytes, response };
}

function request(
  { client, operation, reference, signal }: Target,
  method: 'GET' | 'HEAD',
  extraTypes: readonly string[],
): Promise<FinalResponse> {
  const path = `manifests/${reference.digest ?? reference.tag ?? 'latest'}`;
  const accept = [...new Set([...extraTypes, ...acceptedTypes])].join(', ');
  return client.send(operation, { method, path, headers: { accept }, signal });
}

function contentLength(response: FinalResponse): number | undefined {
  const text = response.header('content-length') ?? '';
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function contentType(response: FinalResponse): string | undefined {
  const type = response.header('content-type')?.split(';')[0]?.trim().toLowerCase() ?? '';
  return type === '' || meaninglessTypes.has(type) ? undefined : type;
}

function refuseSchema1(mediaType: string, name: string): void {
  if (!isSchema1Type(mediaType)) return;
  throw new DrayError(
    'SCHEMA1_UNSUPPORTED',
    `cannot use ${name}: it is a schema 1 manifest, which Docker withdrew`,
    { hint: 'Push the image again with a current Docker or BuildKit.' },
  );
}

function digestMismatch(prefix: string, expected: Digest, actual: Digest): IntegrityError {
  return new IntegrityError(
    'DIGEST_MISMATCH',
    `${prefix}: the registry's bytes are ${actual}, not ${expected}`,
    {
      hint: 'Do not use this registry until its owner has checked it.',
      details: { expected, actual },
    },
  );
}
