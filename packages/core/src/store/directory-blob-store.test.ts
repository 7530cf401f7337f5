import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { link, mkdir, readFile, readdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ByteStream } from '../blob-store.ts';
import { hexOf } from '../image/digest.ts';
import { bytesOf, rejectionCode, rejectionOf, sampleBlob, streamOf } from '../testing/contracts/contract.ts';
import type { SampleBlob } from '../testing/contracts/contract.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../testing/temporary-directory.ts';
import { createDirectoryBlobStore } from './directory-blob-store.ts';
import { blobPath, ingestDirectory } from './layout.ts';
import { ownedName, ownerlessName } from './owner.ts';

const megabyte = 1024 * 1024;
const blob = sampleBlob(5 * megabyte);
const { descriptor } = blob;

let temporary: TemporaryDirectory;
let dir: string;
beforeEach(async () => {
  temporary = await temporaryDirectory();
  dir = join(temporary.path, 'bundle');
});
afterEach(() => temporary.remove());

describe('a blob on disk', () => {
  test('is a file of an OCI image layout, and leaves nothing else', async () => {
    await put();
    const bytes = await readFile(join(dir, 'blobs', 'sha256', hexOf(descriptor.digest)));
    expect(Buffer.compare(bytes, blob.bytes)).toBe(0);
    expect(await partials()).toEqual([]);
  });

  test('is replaced when truncated, as after a power failure', async () => {
    await put();
    await writeFile(blobPath(dir, descriptor.digest), blob.bytes.subarray(0, 10));
    expect(await put()).toEqual([0]);
    await expectWhole();
  });

  test('can be stored from tiny chunks', async () => {
    const small = sampleBlob(5000);
    const store = createDirectoryBlobStore(dir);
    await store.put(small.descriptor, async () => streamOf(small.bytes, 1));
    expect(await bytesOf(await store.open(small.descriptor))).toEqual(Buffer.from(small.bytes));
  });

  test('passes on an error of its source', async () => {
    const broken = new Error('the source broke');
    const store = createDirectoryBlobStore(dir);
    expect(await rejectionOf(store.put(descriptor, () => Promise.reject(broken)))).toBe(broken);
    expect(await rejectionOf(store.put(descriptor, async () => failing(blob, 0, broken)))).toBe(broken);
    expect(await partials()).toEqual([]);
  });

  test('with wrong bytes leaves no file', async () => {
    const store = createDirectoryBlobStore(dir);
    const wrong = sampleBlob(5 * megabyte, 9);
    expect(await rejectionCode(store.put(descriptor, async () => streamOf(wrong.bytes)))).toBe(
      'DIGEST_MISMATCH',
    );
    expect(await partials()).toEqual([]);
  });
});

describe('an interrupted put', () => {
  test('is continued by the next one where it stopped', async () => {
    await interrupt(3 * megabyte);
    expect(await partials()).toHaveLength(1);
    expect(await put()).toEqual([3 * megabyte]);
    await expectWhole();
    expect(await partials()).toEqual([]);
  });

  test('reports only the bytes read from the source', async () => {
    await interrupt(3 * megabyte);
    const { bytesRead } = await createDirectoryBlobStore(dir).put(descriptor, open);
    expect(bytesRead).toBe(2 * megabyte);
  });

  test('that had all its bytes does not read the source', async () => {
    await plant(ownerlessName(hexOf(descriptor.digest)), blob.bytes);
    expect(await put()).toEqual([]);
    await expectWhole();
  });

  test.each([
    ['wrong bytes', Buffer.alloc(2 * megabyte, 1)],
    ['wrong bytes in full length', Buffer.alloc(5 * megabyte, 1)],
  ])('that left %s starts over', async (_, bytes) => {
    await plant(ownerlessName(hexOf(descriptor.digest)), bytes);
    expect((await put()).at(-1)).toBe(0);
    await expectWhole();
    expect(await partials()).toEqual([]);
  });

  test('that left too many bytes starts over', async () => {
    await plant(ownerlessName(hexOf(descriptor.digest)), Buffer.alloc(6 * megabyte));
    expect(await put()).toEqual([0]);
    await expectWhole();
  });

  test('is retried once: then the wrong source is reported', async () => {
    await interrupt(3 * megabyte);
    const lying = sampleBlob(5 * megabyte, 4);
    const offsets: number[] = [];
    const store = createDirectoryBlobStore(dir);
    const code = await rejectionCode(
      store.put(descriptor, async (offset) => {
        offsets.push(offset);
        return streamOf(lying.bytes.subarray(offset));
      }),
    );
    expect(code).toBe('DIGEST_MISMATCH');
    expect(offsets).toEqual([3 * megabyte, 0]);
    expect(await partials()).toEqual([]);
  });

  test('of a running process is left alone', async () => {
    const name = ownedName(hexOf(descriptor.digest));
    await plant(name, blob.bytes.subarray(0, megabyte));
    expect(await put()).toEqual([0]);
    expect(await partials()).toEqual([name]);
  });

  test('of another machine is left alone while it grows, and continued from a copy once it stops', async () => {
    const name = `${hexOf(descriptor.digest)}.0123456789ab-1-0123456789abcdef`;
    await plant(name, blob.bytes.subarray(0, megabyte));
    expect(await put()).toEqual([0]);
    await rm(blobPath(dir, descriptor.digest));
    const longAgo = new Date(Date.now() - 120_000);
    await utimes(join(ingestDirectory(dir), name), longAgo, longAgo);
    expect(await put()).toEqual([megabyte]);
    await expectWhole();
    expect(await partials()).toEqual([name]);
  });

  test('of a dead process is taken over', async () => {
    const { pid } = spawnSync(process.execPath, ['--version']);
    const name = ownedName(hexOf(descriptor.digest)).replace(`-${String(process.pid)}-`, `-${String(pid)}-`);
    await plant(name, blob.bytes.subarray(0, megabyte));
    expect(await put()).toEqual([megabyte]);
    expect(await partials()).toEqual([]);
  });

  test('with a second hard link is not written to', async () => {
    const name = ownerlessName(hexOf(descriptor.digest));
    await plant(name, blob.bytes.subarray(0, megabyte));
    await link(join(ingestDirectory(dir), name), join(temporary.path, 'elsewhere'));
    expect(await put()).toEqual([0]);
    expect(await readFile(join(temporary.path, 'elsewhere'))).toHaveLength(megabyte);
  });
});

describe('a process killed during a put', () => {
  // The child runs the built package: Node 20 cannot run TypeScript.
  const program = `
    import { createDirectoryBlobStore } from ${JSON.stringify(new URL('../../dist/bundle.js', import.meta.url).href)};
    import { sampleBlob, streamOf } from ${JSON.stringify(new URL('../../dist/testing/index.js', import.meta.url).href)};
    const [dir, count] = process.argv.slice(1);
    const { bytes, descriptor } = sampleBlob(${String(5 * megabyte)});
    async function* source() {
      yield* streamOf(bytes.subarray(0, Number(count)));
      console.log('silent');
      await new Promise((resolve) => setTimeout(resolve, 60_000));
    }
    await createDirectoryBlobStore(dir).put(descriptor, async () => source());
  `;

  test.each([
    ['midway', 3 * megabyte],
    ['between the last byte and the rename', 5 * megabyte],
  ])('%s leaves nothing visible, and the next put finishes its work', async (_, count) => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', program, dir, String(count)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await once(child, 'exit');
    const store = createDirectoryBlobStore(dir);
    expect(await store.stat(descriptor.digest)).toBeUndefined();
    expect(await bytesListed()).toBe(0);
    const offsets = await put();
    // The last batches may not have reached the file; everything before them has.
    expect(offsets[0] ?? descriptor.size).toBeGreaterThanOrEqual(count - 2 * megabyte);
    await expectWhole();
    expect(await partials()).toEqual([]);
  });
});

describe('an unsafe bundle', () => {
  test('with a link as blob is refused by every verb', async () => {
    await put();
    await rename(blobPath(dir, descriptor.digest), join(temporary.path, 'outside'));
    await symlink(join(temporary.path, 'outside'), blobPath(dir, descriptor.digest));
    const store = createDirectoryBlobStore(dir);
    expect(await rejectionCode(store.stat(descriptor.digest))).toBe('BUNDLE_UNSAFE');
    expect(await rejectionCode(store.open(descriptor))).toBe('BUNDLE_UNSAFE');
    expect(await rejectionCode(store.put(descriptor, open))).toBe('BUNDLE_UNSAFE');
    expect(await rejectionCode(bytesListed())).toBe('BUNDLE_UNSAFE');
    await store.delete(descriptor.digest);
    expect(await readFile(join(temporary.path, 'outside'))).toHaveLength(descriptor.size);
  });

  test('with a pipe or a directory as blob is refused without opening it', async () => {
    await put();
    await rm(blobPath(dir, descriptor.digest));
    spawnSync('mkfifo', [blobPath(dir, descriptor.digest)]);
    const store = createDirectoryBlobStore(dir);
    expect(await rejectionCode(store.open(descriptor))).toBe('BUNDLE_UNSAFE');
    await rm(blobPath(dir, descriptor.digest));
    await mkdir(blobPath(dir, descriptor.digest));
    expect(await rejectionCode(store.open(descriptor))).toBe('BUNDLE_UNSAFE');
  });

  test.each(['blobs', 'blobs/sha256', '.dray', '.dray/ingest'])(
    'with a link as %s is not written to',
    async (name) => {
      await put();
      await rm(blobPath(dir, descriptor.digest));
      await rename(join(dir, name), join(temporary.path, 'outside'));
      await symlink(join(temporary.path, 'outside'), join(dir, name));
      const store = createDirectoryBlobStore(dir);
      expect(await rejectionCode(store.put(descriptor, open))).toBe('BUNDLE_UNSAFE');
      if (name.startsWith('blobs'))
        expect(await rejectionCode(store.stat(descriptor.digest))).toBe('BUNDLE_UNSAFE');
    },
  );

  test('with a link as interrupted put is refused', async () => {
    await put();
    await rm(blobPath(dir, descriptor.digest));
    await writeFile(join(temporary.path, 'outside'), 'mine');
    const name = ownerlessName(hexOf(descriptor.digest));
    await symlink(join(temporary.path, 'outside'), join(ingestDirectory(dir), name));
    expect(await rejectionCode(createDirectoryBlobStore(dir).put(descriptor, open))).toBe('BUNDLE_UNSAFE');
    expect(await readFile(join(temporary.path, 'outside'), 'utf8')).toBe('mine');
  });

  test('may hold files with other names, which do not count as blobs', async () => {
    await put();
    await writeFile(join(dir, 'blobs', 'sha256', 'README'), 'x');
    expect(await bytesListed()).toBe(descriptor.size);
  });
});

describe('a directory that cannot be written', () => {
  test('is named in the error', async () => {
    await writeFile(join(temporary.path, 'file'), '');
    const store = createDirectoryBlobStore(join(temporary.path, 'file', 'bundle'));
    expect(await rejectionOf(store.put(descriptor, open))).toMatchObject({
      code: 'STORE_IO',
      message: expect.stringContaining(join(temporary.path, 'file', 'bundle')),
    });
  });
});

async function open(offset: number): Promise<ByteStream> {
  return streamOf(blob.bytes.subarray(offset));
}

/** Puts the blob, and returns the offsets at which the source was opened. */
async function put(): Promise<readonly number[]> {
  const offsets: number[] = [];
  await createDirectoryBlobStore(dir).put(descriptor, async (offset) => {
    offsets.push(offset);
    return open(offset);
  });
  return offsets;
}

async function interrupt(after: number): Promise<void> {
  const broken = new Error('the source broke');
  await rejectionOf(createDirectoryBlobStore(dir).put(descriptor, async () => failing(blob, after, broken)));
}

async function* failing({ bytes }: SampleBlob, after: number, error: Error): AsyncGenerator<Uint8Array> {
  yield* streamOf(bytes.subarray(0, after));
  throw error;
}

/** Leaves an unfinished file with this name. */
async function plant(name: string, bytes: Uint8Array): Promise<void> {
  await mkdir(ingestDirectory(dir), { recursive: true });
  await writeFile(join(ingestDirectory(dir), name), bytes);
}

async function partials(): Promise<readonly string[]> {
  return readdir(ingestDirectory(dir));
}

async function expectWhole(): Promise<void> {
  const bytes = await bytesOf(await createDirectoryBlobStore(dir).open(descriptor));
  expect(Buffer.compare(bytes, blob.bytes)).toBe(0);
}

async function bytesListed(): Promise<number> {
  let bytes = 0;
  for await (const { size } of createDirectoryBlobStore(dir).list()) bytes += size;
  return bytes;
}
