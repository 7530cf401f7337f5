import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { temporaryDirectory } from '@drayage/core/testing';
import { refuse, sendRefusal, type Refusal } from './refusal.ts';
import { answerCall } from './routes.ts';
import { checkSignature, type SignedRequest, type SigningKey } from './signature.ts';
import { serverNow, type S3Exchange, type S3Failure, type S3Settings, type S3State } from './state.ts';
import { createObjectStore, type StoredObject } from './store.ts';

export interface S3ServerOptions extends Partial<S3Settings> {
  /** Default `bundles`. */
  readonly bucket?: string | undefined;
  readonly key?: SigningKey | undefined;
  /** PEM; with it the server speaks TLS. */
  readonly tls?: { readonly key: string; readonly cert: string } | undefined;
}

/**
 * An S3 server in this process with one bucket, on loopback, stricter than any provider: it verifies
 * signatures with code of its own, wants equal parts, gives random ETags, and refuses chunked encodings,
 * checksum headers and conditions. What it keeps is on disk until `close`.
 */
export interface S3Server {
  readonly endpoint: string;
  readonly bucket: string;
  /** May be changed at any time. */
  readonly settings: S3Settings;
  /** What signs requests; may be replaced. */
  key: SigningKey;
  /** Every request that has been answered, oldest first. */
  readonly exchanges: readonly S3Exchange[];
  objects(): readonly StoredObject[];
  /** Multipart uploads that have begun and not ended. */
  readonly pendingUploads: number;
  /** Plans a failure; earlier ones go first. */
  fail(failure: S3Failure): void;
  /** Puts the server's clock forward. */
  advance(ms: number): void;
  /** Ends all connections and refuses new ones. */
  stop(): Promise<void>;
  /** Listens again at the same address, with the same objects; unfinished uploads are gone. */
  start(): Promise<void>;
  /** As `stop`, and removes what was stored. Safe to call twice. */
  close(): Promise<void>;
}

/** Starts a server on a free loopback port. The caller closes it. */
export async function startS3Server(options: S3ServerOptions = {}): Promise<S3Server> {
  const temporary = await temporaryDirectory();
  const state = createState(options, temporary.path);
  const exchanges: S3Exchange[] = [];
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    void serve(state, exchanges, request, response);
  };
  const create = (): Server =>
    options.tls === undefined ? createServer(answer) : createTlsServer(options.tls, answer);
  let server = create();
  const port = await listen(server, 0);
  return {
    endpoint: `${options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${String(port)}`,
    bucket: state.bucket,
    settings: state.settings,
    get key() {
      return state.key;
    },
    set key(key) {
      state.key = key;
    },
    exchanges,
    objects: () => [...state.store.objects.values()],
    get pendingUploads() {
      return state.store.uploads.size;
    },
    fail: (failure) => state.failures.push({ failure, left: failure.times ?? 1 }),
    advance: (ms) => (state.aheadMs += ms),
    stop: () => stop(server),
    async start() {
      state.store.uploads.clear();
      server = create();
      await listen(server, port);
    },
    async close() {
      await stop(server);
      await temporary.remove();
    },
  };
}

function createState(options: S3ServerOptions, dir: string): S3State {
  return {
    bucket: options.bucket ?? 'bundles',
    store: createObjectStore(dir),
    settings: {
      region: options.region ?? 'us-east-1',
      maxKeys: options.maxKeys ?? 1_000,
      maxParts: options.maxParts ?? 1_000,
      minPartBytes: options.minPartBytes ?? 5 * 1024 * 1024,
      isDeleteDenied: options.isDeleteDenied ?? false,
      hidesAbsence: options.hidesAbsence ?? false,
      capacityBytes: options.capacityBytes ?? Number.POSITIVE_INFINITY,
    },
    failures: [],
    key: options.key ?? { accessKeyId: 'AKIDTEST', secretAccessKey: 'planted-secret-access-key' },
    aheadMs: 0,
  };
}

async function serve(
  state: S3State,
  exchanges: S3Exchange[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method = '', headers } = request;
  const [rawPath = '', rawQuery = ''] = (request.url ?? '').split(/\?(.*)/s);
  const { bucket, key } = addressed(state, headers.host ?? '', rawPath);
  const query = new URLSearchParams(rawQuery);
  let bytesReceived = 0;
  response.on('close', () => {
    const entries = Object.fromEntries(query);
    exchanges.push({ method, key, query: entries, headers, status: response.statusCode, bytesReceived });
  });
  request.on('error', () => undefined);
  response.on('error', () => undefined);
  response.setHeader('date', new Date(serverNow(state)).toUTCString());
  const failure = plannedFailure(state, method, key, rawQuery);
  if (failure?.status === 'reset') {
    response.destroy();
    return;
  }
  // What is written to a corked socket is lost with it.
  if (failure?.status === 'reset-after') request.socket.cork();
  const call = {
    state,
    request,
    response,
    key,
    query,
    failure,
    onBytes: (count: number) => (bytesReceived += count),
  };
  const refusal =
    plannedRefusal(failure) ??
    checkRequest(state, bucket, { method, rawPath, rawQuery, headers }) ??
    (await answerCall(call));
  if (failure?.status === 'reset-after') request.socket.destroy();
  else if (refusal !== undefined) {
    const retryAfter = failure?.retryAfter;
    // The rest of a body that was refused is not read.
    const headersOf = { connection: 'close', ...(retryAfter !== undefined && { 'retry-after': retryAfter }) };
    sendRefusal(response, refusal, headersOf);
  }
}

function plannedFailure(state: S3State, method: string, key: string, query: string): S3Failure | undefined {
  const planned = state.failures.find(({ failure, left }) => {
    const isMethod = failure.method === undefined || failure.method === method;
    const isPlace = failure.key?.test(key) !== false && failure.query?.test(query) !== false;
    return left > 0 && isMethod && isPlace;
  });
  if (planned !== undefined) planned.left -= 1;
  return planned?.failure;
}

function plannedRefusal(failure: S3Failure | undefined): Refusal | undefined {
  if (typeof failure?.status !== 'number') return undefined;
  return refuse(failure.status, failure.code ?? 'InternalError');
}

/** What vendors refuse, each in its way. */
const unsupportedHeaders =
  /^(if-|x-amz-checksum-|x-amz-sdk-checksum-|x-amz-trailer|x-amz-decoded-content-length)/;

function checkRequest(state: S3State, bucket: string, signed: SignedRequest): Refusal | undefined {
  const { headers } = signed;
  const isStreaming = String(headers['x-amz-content-sha256']).startsWith('STREAMING-');
  const isChunked = isStreaming || headers['content-encoding'] !== undefined;
  if (isChunked || headers['transfer-encoding'] !== undefined) return refuse(501, 'NotImplemented');
  if (Object.keys(headers).some((name) => unsupportedHeaders.test(name)))
    return refuse(501, 'NotImplemented');
  const { key, settings } = state;
  const refusal = checkSignature(signed, { key, region: settings.region, now: serverNow(state) });
  if (refusal !== undefined) return refusal;
  return bucket === state.bucket ? undefined : refuse(404, 'NoSuchBucket');
}

/** The bucket is the first segment of the path, or begins the host name. */
function addressed(
  state: S3State,
  host: string,
  rawPath: string,
): { readonly bucket: string; readonly key: string } {
  const path = decodeURIComponent(rawPath.slice(1));
  if (host.startsWith(`${state.bucket}.`)) return { bucket: state.bucket, key: path };
  const [bucket = '', ...key] = path.split('/');
  return { bucket, key: key.join('/') };
}

async function listen(server: Server, port: number): Promise<number> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function stop(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
}
