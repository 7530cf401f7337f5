import { randomUUID } from 'node:crypto';
import { discard, type HttpBody, type Operation } from '@drayage/http';
import type { FileClient } from './client.ts';

/** Writes files whole. */
export interface FileWriter {
  /** One try to replace a small file by one PUT, which servers do at once. */
  replace(
    operation: Operation,
    path: string,
    bytes: Uint8Array,
    signal: AbortSignal | undefined,
  ): Promise<void>;
  /**
   * One try; calls `open` for each request with the body. The bytes go to another name, which MOVE changes to
   * the true one. Servers without MOVE get them under their name, where most let them appear at the end.
   */
  write(
    operation: Operation,
    path: string,
    open: () => Promise<HttpBody>,
    signal: AbortSignal | undefined,
  ): Promise<void>;
  /** One try; succeeds if the file does not exist. */
  remove(operation: Operation, path: string, signal: AbortSignal | undefined): Promise<void>;
}

export function createFileWriter(client: FileClient): FileWriter {
  let canMove = true;
  const remove: FileWriter['remove'] = async (operation, path, signal) => {
    await discard(await client.request(operation, { method: 'DELETE', path, signal }, [404, 410]));
  };
  const put = async (
    operation: Operation,
    path: string,
    open: () => Promise<Uint8Array | HttpBody>,
    signal: AbortSignal | undefined,
  ): Promise<void> => {
    const headers = { 'content-type': 'application/octet-stream' };
    const send = async (also: readonly number[]): Promise<number> => {
      const request = { method: 'PUT', path, headers, body: await open(), signal };
      const response = await client.request(operation, request, also);
      await discard(response);
      return response.status;
    };
    if ((await send([409])) !== 409) return;
    // WebDAV, RFC 4918 section 9.7.1: the folder must exist.
    await makeFolders(client, operation, path, signal);
    await send([]);
  };
  return {
    remove,
    replace: (operation, path, bytes, signal) => put(operation, path, async () => bytes, signal),
    async write(operation, path, open, signal) {
      if (!canMove) return put(operation, path, open, signal);
      const temporary = `${path}.${randomUUID()}.part`;
      await put(operation, temporary, open, signal);
      const headers = { destination: client.urlOf(path).href, overwrite: 'T' };
      const move = { method: 'MOVE', path: temporary, headers, signal };
      const answer = await client.request(operation, move, [405, 501]);
      await discard(answer);
      if (answer.status < 400) return;
      canMove = false;
      await remove(operation, temporary, signal);
      await put(operation, path, open, signal);
    },
  };
}

async function makeFolders(
  client: FileClient,
  operation: Operation,
  path: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const folders = path.split('/').slice(0, -1);
  for (let depth = 0; depth <= folders.length; depth += 1) {
    const folder = folders.slice(0, depth).map((name) => `${name}/`);
    const request = { method: 'MKCOL', path: folder.join(''), signal };
    // 405: it exists.
    await discard(await client.request(operation, request, [301, 405, 409]));
  }
}
