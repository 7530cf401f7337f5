import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { appendFile, readFile, rename, rm, stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { join } from 'node:path';

/** An object as it is stored. */
export interface StoredObject {
  readonly key: string;
  readonly path: string;
  readonly sizeBytes: number;
  readonly etag: string;
  /** By the server's clock (ms since the epoch). */
  readonly modifiedAt: number;
}

/** Bytes on disk that are not an object yet. */
export interface Received {
  readonly path: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  /** Random: nothing can be concluded from it. */
  readonly etag: string;
}

export interface PendingUpload {
  readonly key: string;
  readonly parts: Map<number, Received>;
}

/** Objects in a directory; what the server knows about them is in memory. */
export interface ObjectStore {
  readonly objects: Map<string, StoredObject>;
  readonly uploads: Map<string, PendingUpload>;
  /** Writes bytes to a file; undefined: they broke off. */
  receive(bytes: Readable, onBytes: (count: number) => void): Promise<Received | undefined>;
  /** Makes an object of files, in their order, at once. */
  publish(key: string, files: readonly Received[], modifiedAt: number): Promise<StoredObject>;
  drop(received: Received): Promise<void>;
}

export function createObjectStore(dir: string): ObjectStore {
  const objects = new Map<string, StoredObject>();
  const drop = ({ path }: Received): Promise<void> => rm(path, { force: true });
  return {
    objects,
    uploads: new Map(),
    async receive(bytes, onBytes) {
      const path = join(dir, randomUUID());
      const hash = createHash('sha256');
      const file = createWriteStream(path);
      let sizeBytes = 0;
      const chunks: AsyncIterable<Buffer> = bytes;
      try {
        for await (const chunk of chunks) {
          hash.update(chunk);
          sizeBytes += chunk.byteLength;
          onBytes(chunk.byteLength);
          if (!file.write(chunk)) await once(file, 'drain');
        }
      } catch {
        file.destroy();
        await rm(path, { force: true });
        return undefined;
      }
      file.end();
      await once(file, 'close');
      return { path, sizeBytes, sha256: hash.digest('hex'), etag: randomUUID() };
    },
    async publish(key, files, modifiedAt) {
      const path = join(dir, randomUUID());
      const [first, ...others] = files;
      if (first !== undefined) await rename(first.path, path);
      for (const part of others) {
        await appendFile(path, await readFile(part.path));
        await drop(part);
      }
      const { size } = await stat(path);
      // The file of the object before stays: who reads it reads it to the end.
      const object = { key, path, sizeBytes: size, etag: randomUUID(), modifiedAt };
      objects.set(key, object);
      return object;
    },
    drop,
  };
}

export function readObject({ path }: StoredObject, start: number, end: number): Readable {
  return createReadStream(path, { start, end });
}
