import {
  DrayError,
  IntegrityError,
  RegistryError,
  checkManifestSize,
  digestOf,
  familiarReference,
  isDigest,
  isSchema1Type,
  maxManifestBytes,
  mediaTypes,
  parseManifest,
  printable,
  type Descriptor,
  type Digest,
  type Reference,
} from '@drayage/core';
import { abandon, discard, readAtMost, type FinalResponse } from '@drayage/http';
import type { Endpoint } from './endpoints.ts';
import { pullOperation, type PullOperation, type RegistryClient } from './registry-client.ts';

const acceptedTypes: readonly string[] = [
  mediaTypes.ociIndex,
  mediaTypes.dockerManifestList,
  mediaTypes.ociManifest,
  mediaTypes.dockerManifest,
];

// What servers say that do not know what they serve.
const meaninglessTypes = new Set(['application/json', 'application/octet-stream', 'text/plain']);

// The answers of registries, or proxies before them, that know GET only.
const headUnsupportedStatuses = new Set([400, 405, 501]);

/**
 * The descriptor of what `reference` names: by HEAD, or by GET where HEAD does not tell everything. A digest
 * in the reference goes before its tag, and the answer must be about that digest.
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
    throw new IntegrityError('SIZE_MISMATCH', message);
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
  const response = await request(target, 'HEAD', []);
  await discard(response);
  if (headUnsupportedStatuses.has(response.status)) return undefined;
  if (response.status !== 200) throw await target.client.failure(target.operation, response);
  const digest = response.header('docker-content-digest') ?? '';
  const size = contentLength(response);
  const mediaType = contentType(response);
  if (!isDigest(digest) || size === undefined || mediaType === undefined) return undefined;
  refuseSchema1(mediaType, name);
  return { mediaType, digest, size };
}

async function resolveByGet(target: Target, name: string): Promise<Descriptor> {
  const { bytes, response } = await getManifest(target, []);
  const mediaType = contentType(response) ?? parseManifest(bytes, undefined, name).mediaType;
  refuseSchema1(mediaType, name);
  return { mediaType, digest: digestOf(bytes), size: bytes.byteLength };
}

async function getManifest(
  target: Target,
  extraTypes: readonly string[],
): Promise<{ readonly bytes: Uint8Array; readonly response: FinalResponse }> {
  const { operation } = target;
  const response = await request(target, 'GET', extraTypes);
  if (response.status !== 200) throw await target.client.failure(operation, response);
  const what = operation.title.replace(/^\S+ /, '');
  const encoding = response.header('content-encoding') ?? 'identity';
  const announced = contentLength(response) ?? 0;
  if (encoding !== 'identity' || announced > maxManifestBytes) {
    abandon(response.body);
    checkManifestSize(announced, what);
    const reason = `it came encoded as ${printable(encoding, 40)}, which nobody asked for`;
    throw new RegistryError('REGISTRY_PROTOCOL', `cannot ${operation.title}: ${reason}`, { status: 200 });
  }
  const { bytes, isWhole } = await readAtMost(response.body, maxManifestBytes);
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
      hint: 'Do not use this registry before its owner has looked into it.',
      details: { expected, actual },
    },
  );
}
