import {
  discard,
  operationError,
  rangeFrom,
  statusOf,
  type HttpResponse,
  type Operation,
} from '@drayage/http';
import { TransferError } from '@drayage/core';
import { listPage, type ListedObject } from './answers.ts';
import { notS3, type S3Client } from './client.ts';

/** What a HEAD says about an object. */
export interface ObjectInfo {
  readonly sizeBytes: number;
  /** By the server's clock (ms); undefined if it does not say. */
  readonly ageMs: number | undefined;
}

/** One page of a listing. */
export interface ObjectPage {
  readonly objects: readonly (ListedObject & { readonly ageMs: number | undefined })[];
}

/** Bytes, and their SHA-256 (hexadecimal) if it is known. */
export interface ObjectBytes {
  readonly bytes: Uint8Array;
  readonly sha256?: string | undefined;
}

/**
 * The calls of S3 that the driver uses; all servers that speak S3 have them. Each retries. `undefined` is an
 * object that does not exist.
 */
export interface Bucket {
  head(operation: Operation, key: string, signal?: AbortSignal): Promise<ObjectInfo | undefined>;
  /** One try, from `offset` on. The answer may begin earlier: see `surplusBytes`. */
  get(
    operation: Operation,
    key: string,
    offset: number,
    signal?: AbortSignal,
  ): Promise<HttpResponse | undefined>;
  put(operation: Operation, key: string, object: ObjectBytes, signal?: AbortSignal): Promise<void>;
  /** The objects whose keys begin with `prefix`, in the order of the keys. */
  list(operation: Operation, prefix: string, signal?: AbortSignal): AsyncIterable<ObjectPage>;
  /** Succeeds if the object does not exist. */
  remove(operation: Operation, key: string, signal?: AbortSignal): Promise<void>;
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html */
export function createBucket(client: S3Client): Bucket {
  return {
    head: (operation, key, signal) =>
      client.persist(operation, signal, async () => {
        const response = await client.request(operation, { method: 'HEAD', key, signal }, [404]);
        await discard(response);
        return response.status === 404 ? undefined : infoOf(operation, response);
      }),
    async get(operation, key, offset, signal) {
      const request = { method: 'GET', key, headers: rangeFrom(offset), signal };
      try {
        return await client.request(operation, request);
      } catch (error) {
        if (statusOf(error) === 404 && faultOf(error) !== 'NoSuchBucket') return undefined;
        throw error;
      }
    },
    async put(operation, key, { bytes, sha256 }, signal) {
      const request = { method: 'PUT', key, body: bytes, sha256, headers: binary, signal };
      await client.persist(operation, signal, async () => discard(await client.request(operation, request)));
    },
    list: (operation, prefix, signal) => listPages(client, operation, prefix, signal),
    async remove(operation, key, signal) {
      await client.persist(operation, signal, async () =>
        discard(await client.request(operation, { method: 'DELETE', key, signal }, [404])),
      );
    },
  };
}

export const binary: Readonly<Record<string, string>> = { 'content-type': 'application/octet-stream' };

function infoOf(operation: Operation, { header, url }: HttpResponse): ObjectInfo {
  const length = header('content-length') ?? '';
  if (!/^\d+$/.test(length)) throw operationError(operation, 'TRANSPORT_IO', `${url.host} gave no size`);
  const ageMs = Date.parse(header('date') ?? '') - Date.parse(header('last-modified') ?? '');
  return { sizeBytes: Number(length), ageMs: Number.isNaN(ageMs) ? undefined : ageMs };
}

async function* listPages(
  client: S3Client,
  operation: Operation,
  prefix: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<ObjectPage> {
  let token: string | undefined;
  do {
    const query = {
      'list-type': '2',
      prefix,
      ...(token !== undefined && { 'continuation-token': token }),
    };
    const page = await client.persist(operation, signal, async () => {
      const request = { method: 'GET', key: '', query, signal };
      const { answer, date } = await client.requestXml(operation, request);
      const found = listPage(answer);
      if (found === undefined) throw notS3(operation, client);
      return { ...found, date };
    });
    yield { objects: page.objects.map((object) => ({ ...object, ageMs: ageAt(page.date, object) })) };
    token = page.next;
  } while (token !== undefined);
}

function ageAt(date: number, { modifiedAt }: ListedObject): number | undefined {
  return Number.isNaN(date - modifiedAt) ? undefined : date - modifiedAt;
}

/** The code of S3 in an error; undefined: none. */
export function faultOf(error: unknown): unknown {
  return error instanceof TransferError ? error.details['fault'] : undefined;
}
