import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import { once } from 'node:events';
import { digestOf, type Descriptor } from '@drayage/core';
import { mediaTypes } from '@drayage/core/image';
import { bytesContent, type BlobContent } from './content.ts';
import { FaultPlan, type Fault, type FaultEffect, type RequestKind, type RequestLogEntry } from './faults.ts';
import { createGuard, type Guard, type RegistryAuth } from './guard.ts';
import { contentReply, errorReply, sendReply, spoiled, textReply, type Reply } from './reply.ts';

export interface FaultyRegistryOptions {
  readonly auth?: RegistryAuth;
  /** PEM; with it the registry speaks TLS. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** PEM; only client certificates of this CA are accepted. Needs `tls`. */
  readonly clientCa?: string;
  /** The tokens to issue, in order; they must be valid in a header. */
  readonly nextTokenName?: () => string;
  /** Maximum number of tags per page of a list (default 1000). */
  readonly tagsPerPage?: number;
}

/**
 * A registry in this process: on loopback, with its own port, read-only, content in memory. It behaves
 * correctly (digests, ranges, HEAD, errors and tokens as in distribution-spec v1.1.1) until a fault is
 * planned. A second origin, `storage`, is the object store for redirected blobs.
 */
export interface FaultyRegistry {
  /** `127.0.0.1:<port>`: the registry part of references. */
  readonly host: string;
  /** `127.0.0.1:<port>` of the other origin. */
  readonly storageHost: string;
  /** Every request so far, oldest first. */
  readonly log: readonly RequestLogEntry[];
  /** Serves a blob in every repository. */
  addBlob(content: BlobContent | Uint8Array, mediaType?: string): Descriptor;
  /** Serves a manifest under its digest and the given tags; an object is written as JSON. */
  addManifest(
    repository: string,
    tags: readonly string[],
    manifest: object | Uint8Array,
    mediaType?: string,
  ): Descriptor;
  /** Plans a fault; earlier ones take precedence. */
  inject(fault: Fault): void;
  clearFaults(): void;
  /** Revokes all tokens issued so far. */
  revokeTokens(): void;
  /** Ends all connections. Safe to call twice. */
  close(): Promise<void>;
}

interface StoredManifest {
  readonly content: BlobContent;
  readonly mediaType: string;
}

interface Shelf {
  readonly blobs: Map<string, BlobContent>;
  /** By `repository:tag` and `repository@digest`. */
  readonly manifests: Map<string, StoredManifest>;
  readonly plan: FaultPlan;
  readonly guard: Guard;
  readonly log: RequestLogEntry[];
  readonly hosts: { registry: string; storage: string };
  readonly scheme: string;
  readonly tagsPerPage: number;
}

type MutableEntry = { -readonly [Key in keyof RequestLogEntry]: RequestLogEntry[Key] };

/** Starts a registry on a free loopback port. The caller closes it. */
export async function startFaultyRegistry(options: FaultyRegistryOptions = {}): Promise<FaultyRegistry> {
  let tokens = 0;
  const nextTokenName = options.nextTokenName ?? (() => `token-${String((tokens += 1))}`);
  const shelf: Shelf = {
    blobs: new Map(),
    manifests: new Map(),
    plan: new FaultPlan(),
    guard: createGuard(options.auth, nextTokenName),
    log: [],
    hosts: { registry: '', storage: '' },
    scheme: options.tls === undefined ? 'http' : 'https',
    tagsPerPage: options.tagsPerPage ?? 1000,
  };
  const registry = options.tls === undefined ? createServer() : createTlsServer(tlsOptions(options));
  const storage = createServer();
  shelf.hosts.registry = await listen(registry, shelf, 'registry');
  shelf.hosts.storage = await listen(storage, shelf, 'storage');
  return {
    host: shelf.hosts.registry,
    storageHost: shelf.hosts.storage,
    log: shelf.log,
    addBlob: (content, mediaType) => addBlob(shelf, content, mediaType),
    addManifest: (repository, tags, manifest, mediaType) =>
      addManifest(shelf, repository, tags, manifest, mediaType),
    inject: (fault) => {
      shelf.plan.add(fault);
    },
    clearFaults: () => {
      shelf.plan.clear();
    },
    revokeTokens: () => {
      shelf.guard.revokeTokens();
    },
    close: async () => {
      await Promise.all([stop(registry), stop(storage)]);
    },
  };
}

function tlsOptions({ tls, clientCa }: FaultyRegistryOptions): ServerOptions {
  if (clientCa === undefined) return { ...tls };
  return { ...tls, ca: clientCa, requestCert: true, rejectUnauthorized: true };
}

function addBlob(
  shelf: Shelf,
  content: BlobContent | Uint8Array,
  mediaType: string = mediaTypes.ociLayer,
): Descriptor {
  const blob = content instanceof Uint8Array ? bytesContent(content) : content;
  shelf.blobs.set(blob.digest, blob);
  return { mediaType, digest: blob.digest, size: blob.size };
}

function addManifest(
  shelf: Shelf,
  repository: string,
  tags: readonly string[],
  manifest: object | Uint8Array,
  mediaType: string = mediaTypes.ociManifest,
): Descriptor {
  const bytes = manifest instanceof Uint8Array ? manifest : Buffer.from(JSON.stringify(manifest));
  const digest = digestOf(bytes);
  const stored = { content: bytesContent(bytes), mediaType };
  for (const name of [`@${digest}`, ...tags.map((tag) => `:${tag}`)]) {
    shelf.manifests.set(`${repository}${name}`, stored);
  }
  return { mediaType, digest, size: bytes.byteLength };
}

async function listen(server: Server, shelf: Shelf, origin: RequestLogEntry['origin']): Promise<string> {
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    // A client can disconnect at any time; tests assert what the client saw.
    handle(shelf, origin, request, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return `127.0.0.1:${typeof address === 'object' && address !== null ? String(address.port) : ''}`;
}

async function stop(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}

async function handle(
  shelf: Shelf,
  origin: RequestLogEntry['origin'],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const entry: MutableEntry = { ...(await describe(request)), origin, status: 0, bytes: 0 };
  shelf.log.push(entry);
  const effect = shelf.plan.take(entry);
  const reply = spoiled(replaced(shelf, entry, effect) ?? honestReply(shelf, entry, effect), effect);
  entry.status = reply.status;
  await sendReply(response, reply, effect, (bytes) => {
    entry.bytes += bytes;
  });
}

async function describe(
  request: IncomingMessage,
): Promise<Omit<RequestLogEntry, 'origin' | 'status' | 'bytes'>> {
  const stream: AsyncIterable<Uint8Array> = request;
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  const path = request.url ?? '/';
  const headers = Object.entries(request.headers).map(([name, value]): [string, string] => [
    name,
    [value ?? ''].flat().join(', '),
  ]);
  return {
    kind: kindOf(path),
    method: request.method ?? 'GET',
    path,
    headers: Object.fromEntries(headers),
    body: Buffer.concat(chunks).toString('utf8'),
  };
}

function kindOf(path: string): RequestKind {
  if (path === '/v2/') return 'ping';
  if (path === '/token' || path.startsWith('/token?')) return 'token';
  if (path.startsWith('/storage/')) return 'storage';
  if (/\/tags\/list(?:\?|$)/.test(path)) return 'tags';
  return path.includes('/manifests/') ? 'manifest' : path.includes('/blobs/') ? 'blob' : 'other';
}

/** The response of a fault that does not depend on the request. */
function replaced(shelf: Shelf, entry: RequestLogEntry, effect: FaultEffect | undefined): Reply | undefined {
  if (effect?.kind === 'status') {
    const { status, body, headers } = effect;
    const text = typeof body === 'function' ? body(entry) : body;
    return text === undefined ? errorReply(status, 'UNKNOWN', headers) : textReply(status, text, headers);
  }
  if (effect?.kind !== 'redirect') return undefined;
  const digest = /sha256:[0-9a-f]{64}/.exec(entry.path)?.[0] ?? '';
  const elsewhere =
    effect.to === 'storage' ? `http://${shelf.hosts.storage}` : `${shelf.scheme}://${shelf.hosts.registry}`;
  const location =
    effect.to instanceof URL ? effect.to.href : `${elsewhere}/storage/${digest}?signature=planted`;
  return textReply(effect.status ?? 307, '', { location });
}

function honestReply(shelf: Shelf, entry: RequestLogEntry, effect: FaultEffect | undefined): Reply {
  const range = effect?.kind === 'ignoreRange' ? undefined : entry.headers['range'];
  if (entry.kind === 'token') return shelf.guard.token(entry);
  if (entry.kind === 'storage') {
    const blob = shelf.blobs.get(/^\/storage\/([^?]+)/.exec(entry.path)?.[1] ?? '');
    return blob === undefined ? textReply(404, 'NoSuchKey') : contentReply(blob, {}, range);
  }
  const refusal = shelf.guard.refuse(entry, `${shelf.scheme}://${shelf.hosts.registry}/token`);
  if (refusal !== undefined) return refusal;
  if (entry.kind === 'ping') return textReply(200, '{}', { 'content-type': 'application/json' });
  if (entry.kind === 'tags') return tagsReply(shelf, entry);
  return repositoryReply(shelf, entry, range);
}

/** @see distribution-spec v1.1.1, "Listing Tags" */
function tagsReply(shelf: Shelf, { path }: RequestLogEntry): Reply {
  const url = new URL(path, 'http://registry.test');
  const repository = url.pathname.replace(/^\/v2\/|\/tags\/list$/g, '');
  const keys = [...shelf.manifests.keys()].filter((key) => key.startsWith(`${repository}:`));
  if (keys.length === 0) return errorReply(404, 'NAME_UNKNOWN');
  const last = url.searchParams.get('last') ?? '';
  const rest = keys
    .map((key) => key.slice(repository.length + 1))
    .filter((tag) => tag > last)
    .sort();
  const size = Math.min(Number(url.searchParams.get('n') ?? shelf.tagsPerPage), shelf.tagsPerPage);
  const tags = rest.slice(0, size);
  const next = `${url.pathname}?n=${String(size)}&last=${encodeURIComponent(tags.at(-1) ?? '')}`;
  return textReply(200, JSON.stringify({ name: repository, tags }), {
    'content-type': 'application/json',
    link: rest.length > size ? `<${next}>; rel="next"` : undefined,
  });
}

function repositoryReply(shelf: Shelf, { path }: RequestLogEntry, range: string | undefined): Reply {
  const [, repository = '', what = '', name = ''] =
    /^\/v2\/(.+)\/(manifests|blobs)\/([^/?]+)$/.exec(path) ?? [];
  if (what === 'blobs') {
    const blob = shelf.blobs.get(name);
    const headers = { 'content-type': 'application/octet-stream', 'accept-ranges': 'bytes' };
    return blob === undefined ? errorReply(404, 'BLOB_UNKNOWN') : contentReply(blob, headers, range);
  }
  const manifest = shelf.manifests.get(`${repository}${name.startsWith('sha256:') ? '@' : ':'}${name}`);
  if (manifest === undefined) return errorReply(404, 'MANIFEST_UNKNOWN');
  const { content, mediaType } = manifest;
  return contentReply(
    content,
    { 'content-type': mediaType, 'docker-content-digest': content.digest },
    undefined,
  );
}
