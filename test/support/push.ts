import { createReadStream } from 'node:fs';
import { request } from 'node:http';
import { pipeline } from 'node:stream/promises';

/** Where images are pushed to, over plain HTTP. */
export interface PushTarget {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  readonly credentials?: { readonly user: string; readonly password: string } | undefined;
}

/** Bytes with their digest, in memory or in a file. */
export interface Blob {
  readonly digest: string;
  readonly sizeBytes: number;
  readonly content: Uint8Array | { readonly file: string };
}

/**
 * Uploads a blob, unless the repository has it.
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#post-then-put
 */
export async function pushBlob(target: PushTarget, repository: string, blob: Blob): Promise<void> {
  const blobs = `http://${target.host}/v2/${repository}/blobs`;
  const headers = authorization(target);
  const found = await fetch(`${blobs}/${blob.digest}`, { method: 'HEAD', headers });
  if (found.ok) return;
  const opened = await fetch(`${blobs}/uploads/`, { method: 'POST', headers });
  const location = new URL(opened.headers.get('location') ?? '', blobs);
  location.searchParams.set('digest', blob.digest);
  const status = await put(location, headers, blob);
  if (status !== 201) throw new Error(`cannot push ${blob.digest} to ${blobs}: ${String(status)}`);
}

/** Uploads a manifest or an index under a tag or a digest. */
export async function pushManifest(
  target: PushTarget,
  repository: string,
  { reference, mediaType, bytes }: { reference: string; mediaType: string; bytes: Uint8Array<ArrayBuffer> },
): Promise<void> {
  const url = `http://${target.host}/v2/${repository}/manifests/${reference}`;
  const headers = { ...authorization(target), 'content-type': mediaType };
  const answer = await fetch(url, { method: 'PUT', headers, body: bytes });
  if (answer.status !== 201)
    throw new Error(`cannot push ${url}: ${String(answer.status)} ${await answer.text()}`);
}

function authorization({ credentials }: PushTarget): Record<string, string> {
  if (credentials === undefined) return {};
  const { user, password } = credentials;
  return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` };
}

async function put(url: URL, headers: Record<string, string>, { content, sizeBytes }: Blob): Promise<number> {
  const sent = request(url, { method: 'PUT', headers: { ...headers, 'content-length': sizeBytes } });
  const answered = new Promise<number>((resolve, reject) => {
    sent.once('error', reject);
    sent.once('response', (answer) => {
      answer.resume().once('end', () => {
        resolve(answer.statusCode ?? 0);
      });
    });
  });
  const source = 'file' in content ? createReadStream(content.file) : [content];
  const [status] = await Promise.all([answered, pipeline(source, sent)]);
  return status;
}
