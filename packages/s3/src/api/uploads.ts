import type { Operation } from '@drayage/http';
import { discard } from '@drayage/http';
import { textOfAnswer } from './answers.ts';
import { binary, type ObjectBytes } from './bucket.ts';
import { notS3, type S3Client } from './client.ts';

/** A multipart upload. */
export interface Upload {
  readonly key: string;
  readonly id: string;
}

/** A part that has arrived. */
export interface UploadedPart {
  /** Counted from 1. */
  readonly number: number;
  readonly etag: string;
}

/** The calls for objects that arrive in parts. Each retries. */
export interface Uploads {
  start(operation: Operation, key: string, signal?: AbortSignal): Promise<Upload>;
  put(
    operation: Operation,
    upload: Upload,
    part: ObjectBytes & { readonly number: number },
    signal?: AbortSignal,
  ): Promise<UploadedPart>;
  /** Makes the object of all its parts. */
  finish(
    operation: Operation,
    upload: Upload,
    parts: readonly UploadedPart[],
    signal?: AbortSignal,
  ): Promise<void>;
  /** Lets the server delete the parts. */
  abort(operation: Operation, upload: Upload, signal?: AbortSignal): Promise<void>;
}

export function createUploads(client: S3Client): Uploads {
  return {
    start: (operation, key, signal) =>
      client.persist(operation, signal, async () => {
        const request = { method: 'POST', key, query: { uploads: '' }, headers: binary, signal };
        const { answer } = await client.requestXml(operation, request);
        const id = textOfAnswer(answer, 'InitiateMultipartUploadResult', 'UploadId') ?? '';
        if (id === '') throw notS3(operation, client);
        return { key, id };
      }),
    put: (operation, { key, id }, { number, bytes, sha256 }, signal) =>
      client.persist(operation, signal, async () => {
        const query = { partNumber: String(number), uploadId: id };
        const request = { method: 'PUT', key, query, body: bytes, sha256, signal };
        const response = await client.request(operation, request);
        await discard(response);
        const etag = response.header('etag') ?? '';
        if (etag === '') throw notS3(operation, client);
        return { number, etag };
      }),
    finish: (operation, { key, id }, parts, signal) =>
      client.persist(operation, signal, async () => {
        const body = Buffer.from(completion(parts));
        const headers = { 'content-type': 'application/xml' };
        const request = { method: 'POST', key, query: { uploadId: id }, body, headers, signal };
        const { answer } = await client.requestXml(operation, request);
        if (!('CompleteMultipartUploadResult' in answer)) throw notS3(operation, client);
      }),
    abort: async (operation, { key, id }, signal) =>
      client.persist(operation, signal, async () => {
        const request = { method: 'DELETE', key, query: { uploadId: id }, signal };
        await discard(await client.request(operation, request, [404]));
      }),
  };
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html */
function completion(parts: readonly UploadedPart[]): string {
  const entries = parts.map(
    ({ number, etag }) =>
      `<Part><PartNumber>${String(number)}</PartNumber><ETag>${escapeXml(etag)}</ETag></Part>`,
  );
  const space = 'http://s3.amazonaws.com/doc/2006-03-01/';
  return `<CompleteMultipartUpload xmlns="${space}">${entries.join('')}</CompleteMultipartUpload>`;
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
