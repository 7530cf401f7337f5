import { spawnSync } from 'node:child_process';
import { mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ByteStream } from '../blob-store.ts';
import { bytesOf, rejectionCode, rejectionOf, sampleBlob, streamOf } from '../testing/contracts/contract.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../testing/temporary-directory.ts';
import { createDirectoryBlobStore } from './directory-blob-store.ts';
import { blobPath, blobsDirectory, ingestDirectory } from './layout.ts';
import { ownedName } from './owner.ts';

const blob = sampleBlob(3 * 1024 * 1024 + 17);
const { digest, size } = blob.descriptor;

let temporary: TemporaryDirectory;
let dir: string;
beforeEach(async () => {
  temporary = await temporaryDirectory();
  dir = join(temporary.path, 'bundle');
});
afterEach(() => temporary.remove());

describe('a blob with a digest not known in advance', () => {
  test('is described once it is stored', async () => {
    const store = createDirectoryBlobStore(dir);
    expect(await store.ingest(streamOf(blob.bytes))).toEqual({ digest, size, isNew: true });
    expect(Buffer.compare(await bytesOf(await store.open(blob.descriptor)), blob.bytes)).toBe(0);
    expect(await unfinished()).toEqual([]);
  });

  test('may be empty', async () => {
    const empty = sampleBlob(0);
    const store = createDirectoryBlobStore(dir);
    const { digest: ofNothing } = empty.descriptor;
    expect(await store.ingest(streamOf(empty.bytes))).toEqual({ digest: ofNothing, size: 0, isNew: true });
    expect(await store.stat(ofNothing)).toEqual({ digest: ofNothing, size: 0 });
  });

  test('is not replaced when it exists already', async () => {
    const store = createDirectoryBlobStore(dir);
    await store.put(blob.descriptor, async () => streamOf(blob.bytes));
    expect(await store.ingest(streamOf(blob.bytes))).toEqual({ digest, size, isNew: false });
    expect(await unfinished()).toEqual([]);
  });

  test('replaces a file truncated by a power failure', async () => {
    const store = createDirectoryBlobStore(dir);
    await store.ingest(streamOf(blob.bytes));
    await writeFile(blobPath(dir, digest), 'cut');
    expect(await store.ingest(streamOf(blob.bytes))).toEqual({ digest, size, isNew: true });
    expect(await store.stat(digest)).toEqual({ digest, size });
  });

  test('removes the files of killed processes, and nothing else', async () => {
    await mkdir(ingestDirectory(dir), { recursive: true });
    const { pid } = spawnSync('true');
    const mine = ownedName('unnamed');
    const alive = [mine, ownedName('f'.repeat(64)), 'a-file-of-somebody'];
    const dead = mine.replace(`-${String(process.pid)}-`, `-${String(pid)}-`);
    for (const name of [...alive, dead]) await writeFile(join(ingestDirectory(dir), name), 'half');
    await createDirectoryBlobStore(dir).ingest(streamOf(blob.bytes));
    expect([...(await unfinished())].sort()).toEqual(alive.sort());
  });

  test('leaves nothing when its source fails, and passes on the error', async () => {
    const broken = new Error('the source broke');
    const failing = async function* (): ByteStream {
      yield* streamOf(blob.bytes);
      throw broken;
    };
    const store = createDirectoryBlobStore(dir);
    expect(await rejectionOf(store.ingest(failing()))).toBe(broken);
    expect(await unfinished()).toEqual([]);
    expect(await readdir(blobsDirectory(dir))).toEqual([]);
  });

  test('leaves nothing when aborted while the source is silent', async () => {
    const controller = new AbortController();
    const silent = async function* (): ByteStream {
      yield* streamOf(blob.bytes.subarray(0, 1024));
      setImmediate(() => {
        controller.abort();
      });
      await new Promise(() => undefined);
    };
    const store = createDirectoryBlobStore(dir);
    const { signal } = controller;
    expect(await rejectionCode(store.ingest(silent(), { signal }))).toBe('ABORTED');
    expect(await rejectionCode(store.ingest(streamOf(blob.bytes), { signal }))).toBe('ABORTED');
    expect(await unfinished()).toEqual([]);
  });

  test('may be stored several times concurrently', async () => {
    const store = createDirectoryBlobStore(dir);
    const all = await Promise.all(Array.from({ length: 4 }, () => store.ingest(streamOf(blob.bytes))));
    expect(all.every((ingested) => ingested.digest === digest)).toBe(true);
    expect(Buffer.compare(await bytesOf(await store.open(blob.descriptor)), blob.bytes)).toBe(0);
    expect(await unfinished()).toEqual([]);
  });

  test('is never written through a link', async () => {
    const outside = join(temporary.path, 'outside');
    await mkdir(outside);
    await mkdir(dir);
    await symlink(outside, join(dir, 'blobs'));
    const store = createDirectoryBlobStore(dir);
    expect(await rejectionCode(store.ingest(streamOf(blob.bytes)))).toBe('BUNDLE_UNSAFE');
    expect(await readdir(outside)).toEqual([]);
    await rm(join(dir, 'blobs'));
    await store.ingest(streamOf(blob.bytes));
    await rm(blobPath(dir, digest));
    await symlink(outside, blobPath(dir, digest));
    expect(await rejectionCode(store.ingest(streamOf(blob.bytes)))).toBe('BUNDLE_UNSAFE');
    expect(await unfinished()).toEqual([]);
  });
});

async function unfinished(): Promise<readonly string[]> {
  return readdir(ingestDirectory(dir));
}
