import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { refuse, sendXml, type Refusal } from './refusal.ts';
import { serverNow, type S3Failure, type S3State } from './state.ts';
import { readObject, type Received, type StoredObject } from './store.ts';

/** A request whose signature is right. */
export interface S3Call {
  readonly state: S3State;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly key: string;
  readonly query: URLSearchParams;
  readonly failure: S3Failure | undefined;
  readonly onBytes: (count: number) => void;
}

type Handler = (call: S3Call) => Promise<Refusal | undefined>;

/** Answers one call; a refusal is for the caller to send. */
export async function answerCall(call: S3Call): Promise<Refusal | undefined> {
  const { request, query, key } = call;
  const { method = '' } = request;
  if (key === '') return method === 'GET' && query.get('list-type') === '2' ? list(call) : notImplemented;
  const handler = handlers.find(([name, parameters]) => {
    const has = [...query.keys()];
    return name === method && parameters.length === has.length && parameters.every((one) => query.has(one));
  });
  return handler === undefined ? notImplemented : handler[2](call);
}

const notImplemented = refuse(501, 'NotImplemented');

const handlers: readonly (readonly [string, readonly string[], Handler])[] = [
  ['HEAD', [], read],
  ['GET', [], read],
  ['PUT', [], put],
  ['DELETE', [], remove],
  ['POST', ['uploads'], startUpload],
  ['PUT', ['partNumber', 'uploadId'], putPart],
  ['POST', ['uploadId'], finishUpload],
  ['DELETE', ['uploadId'], abortUpload],
];

async function read({ state, request, response, key, failure }: S3Call): Promise<Refusal | undefined> {
  const object = state.store.objects.get(key);
  if (object === undefined) {
    return state.settings.hidesAbsence ? refuse(403, 'AccessDenied') : refuse(404, 'NoSuchKey');
  }
  const { start, end, isPartial } = rangeOf(request, object);
  if (start > 0 && start >= object.sizeBytes) return refuse(416, 'InvalidRange');
  response.writeHead(isPartial ? 206 : 200, {
    'content-length': end - start + 1,
    'content-type': 'binary/octet-stream',
    'accept-ranges': 'bytes',
    etag: `"${object.etag}"`,
    'last-modified': new Date(object.modifiedAt).toUTCString(),
    ...(isPartial && {
      'content-range': `bytes ${String(start)}-${String(end)}/${String(object.sizeBytes)}`,
    }),
  });
  if (request.method === 'HEAD' || object.sizeBytes === 0) {
    response.end();
    return undefined;
  }
  const isBroken = failure?.status === 'break';
  const last = isBroken ? Math.min(end, start + (failure.bytes ?? 0) - 1) : end;
  // Who stops reading has a reason.
  await pipeline(readObject(object, start, last), response, { end: !isBroken }).catch(() => undefined);
  if (isBroken) response.socket?.end();
  return undefined;
}

function rangeOf(
  { headers }: IncomingMessage,
  { sizeBytes }: StoredObject,
): { readonly start: number; readonly end: number; readonly isPartial: boolean } {
  const [, from, to = ''] = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '') ?? [];
  const last = sizeBytes - 1;
  if (from === undefined) return { start: 0, end: last, isPartial: false };
  return { start: Number(from), end: to === '' ? last : Math.min(last, Number(to)), isPartial: true };
}

async function put(call: S3Call): Promise<Refusal | undefined> {
  const { state, response, key } = call;
  const received = await receive(call);
  if (received === undefined || 'code' in received) return received;
  const { etag } = await state.store.publish(key, [received], serverNow(state));
  response.writeHead(200, { etag: `"${etag}"`, 'content-length': 0 });
  response.end();
  return undefined;
}

/** The body, if its hash is the one that was signed; undefined: it broke off. */
async function receive({
  state,
  request,
  onBytes,
  failure,
}: S3Call): Promise<Received | Refusal | undefined> {
  const { store, settings } = state;
  let left = failure?.status === 'break' ? (failure.bytes ?? 0) : Number.POSITIVE_INFINITY;
  const received = await store.receive(request, (count) => {
    onBytes(count);
    left -= count;
    if (left <= 0) request.destroy();
  });
  if (received === undefined) return undefined;
  const claimed = String(request.headers['x-amz-content-sha256']);
  const parts = [...store.uploads.values()].flatMap((upload) => [...upload.parts.values()]);
  const stored = [...store.objects.values(), ...parts, received];
  const isFull = stored.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) > settings.capacityBytes;
  if (claimed === received.sha256 && !isFull) return received;
  await store.drop(received);
  return isFull ? refuse(507, 'XMinioStorageFull') : refuse(400, 'XAmzContentSHA256Mismatch');
}

async function remove({ state, response, key }: S3Call): Promise<Refusal | undefined> {
  if (state.settings.isDeleteDenied) return refuse(403, 'AccessDenied');
  state.store.objects.delete(key);
  response.writeHead(204).end();
  return undefined;
}

async function startUpload({ state, response, key }: S3Call): Promise<undefined> {
  const id = randomUUID();
  state.store.uploads.set(id, { key, parts: new Map() });
  const inner = `<Bucket>${state.bucket}</Bucket><Key>${key}</Key><UploadId>${id}</UploadId>`;
  sendXml(response, 200, `<InitiateMultipartUploadResult>${inner}</InitiateMultipartUploadResult>`);
  return undefined;
}

async function putPart(call: S3Call): Promise<Refusal | undefined> {
  const { state, response, query, key } = call;
  const upload = state.store.uploads.get(query.get('uploadId') ?? '');
  if (upload?.key !== key) return refuse(404, 'NoSuchUpload');
  const number = Number(query.get('partNumber'));
  if (!(number >= 1 && number <= state.settings.maxParts)) return refuse(400, 'InvalidArgument');
  const received = await receive(call);
  if (received === undefined || 'code' in received) return received;
  upload.parts.set(number, received);
  response.writeHead(200, { etag: `"${received.etag}"`, 'content-length': 0 });
  response.end();
  return undefined;
}

async function finishUpload(call: S3Call): Promise<Refusal | undefined> {
  const { state, request, response, query, key } = call;
  const id = query.get('uploadId') ?? '';
  const upload = state.store.uploads.get(id);
  if (upload?.key !== key) return refuse(404, 'NoSuchUpload');
  const named = [
    ...(await text(request)).matchAll(
      /<Part><PartNumber>(\d+)<\/PartNumber><ETag>"?([^<"]*)"?<\/ETag><\/Part>/g,
    ),
  ];
  const parts = named.map(([, number, etag]) => {
    const part = upload.parts.get(Number(number));
    return part?.etag === etag ? part : undefined;
  });
  const whole = parts.filter((part) => part !== undefined);
  if (whole.length === 0 || whole.length !== parts.length) return refuse(400, 'InvalidPart');
  const fault = sizeFault(state, whole);
  if (fault !== undefined) return fault;
  state.store.uploads.delete(id);
  const { etag } = await state.store.publish(key, whole, serverNow(state));
  const inner = `<Key>${key}</Key><ETag>"${etag}"</ETag>`;
  sendXml(response, 200, `<CompleteMultipartUploadResult>${inner}</CompleteMultipartUploadResult>`);
  return undefined;
}

/** All parts but the last are equally large, as R2 wants it, and not too small. */
function sizeFault({ settings }: S3State, parts: readonly Received[]): Refusal | undefined {
  const sizes = parts.map(({ sizeBytes }) => sizeBytes);
  const [first = 0] = sizes;
  const isEqual = sizes.slice(0, -1).every((size) => size === first) && (sizes.at(-1) ?? 0) <= first;
  if (!isEqual) return refuse(400, 'InvalidPart');
  return parts.length > 1 && first < settings.minPartBytes ? refuse(400, 'EntityTooSmall') : undefined;
}

async function abortUpload({ state, response, query }: S3Call): Promise<Refusal | undefined> {
  const upload = state.store.uploads.get(query.get('uploadId') ?? '');
  if (upload === undefined) return refuse(404, 'NoSuchUpload');
  for (const part of upload.parts.values()) await state.store.drop(part);
  state.store.uploads.delete(query.get('uploadId') ?? '');
  response.writeHead(204).end();
  return undefined;
}

async function list({ state, response, query }: S3Call): Promise<undefined> {
  const prefix = query.get('prefix') ?? '';
  const after = Buffer.from(query.get('continuation-token') ?? '', 'base64').toString();
  const keys = [...state.store.objects.keys()].filter((key) => key.startsWith(prefix) && key > after).sort();
  const page = keys.slice(0, state.settings.maxKeys).flatMap((key) => state.store.objects.get(key) ?? []);
  const isTruncated = keys.length > page.length;
  const token = Buffer.from(page.at(-1)?.key ?? '').toString('base64');
  const inner = page.map(
    ({ key, sizeBytes, modifiedAt, etag }) =>
      `<Contents><Key>${key.replaceAll('&', '&amp;')}</Key><Size>${String(sizeBytes)}</Size><ETag>"${etag}"</ETag>` +
      `<LastModified>${new Date(modifiedAt).toISOString()}</LastModified></Contents>`,
  );
  const next = isTruncated ? `<NextContinuationToken>${token}</NextContinuationToken>` : '';
  const head = `<IsTruncated>${String(isTruncated)}</IsTruncated>${next}`;
  sendXml(response, 200, `<ListBucketResult>${head}${inner.join('')}</ListBucketResult>`);
  return undefined;
}
