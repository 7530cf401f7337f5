import { lstat, mkdir, readdir, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { sampleBlob, streamOf } from '../testing/contracts/contract.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../testing/temporary-directory.ts';
import { createDirectoryBlobStore } from './directory-blob-store.ts';
import { createDirectoryDocumentStore } from './directory-document-store.ts';
import { blobPath, initLayout } from './layout.ts';
import { setModeOf } from './modes.ts';
import { ownerlessName } from './owner.ts';
import { createPackStore } from './pack-store.ts';

let temporary: TemporaryDirectory;
let dir: string;
beforeEach(async () => {
  temporary = await temporaryDirectory();
  dir = join(temporary.path, 'project', 'bundle');
});
afterEach(() => temporary.remove());

const blob = sampleBlob(5000);

/** Name and mode of everything below a directory, except what is private on purpose. */
async function modesIn(directory: string): Promise<readonly (readonly [string, number])[]> {
  const names = await readdir(directory, { recursive: true });
  return Promise.all(
    ['.', ...names].map(async (name) => {
      const stats = await lstat(join(directory, name));
      return [stats.isDirectory() ? `${name}/` : name, stats.mode & 0o7777] as const;
    }),
  );
}

describe.each([0, 0o022, 0o077])('with umask %o', (umask) => {
  let before: number;
  beforeEach(() => {
    before = process.umask(umask);
  });
  afterEach(() => {
    process.umask(before);
  });

  const expectModes = async (atLeast: number): Promise<void> => {
    const found = await modesIn(join(temporary.path, 'project'));
    expect(found.length).toBeGreaterThan(atLeast);
    for (const [name, mode] of found) {
      expect([name, mode.toString(8)]).toEqual([name, name.endsWith('/') ? '755' : '644']);
    }
  };

  test('everything stored is writable by its owner and readable by all', async () => {
    await initLayout(dir);
    const store = createDirectoryBlobStore(dir);
    await store.put(blob.descriptor, async () => streamOf(blob.bytes));
    await store.ingest(streamOf(sampleBlob(700, 3).bytes));
    await createDirectoryDocumentStore(dir).write('index.json', Buffer.from('{}'));
    const packs = createPackStore(dir);
    const file = await packs.newFile();
    await writeFile(file, 'a pack', { mode: 0o666 });
    await packs.adopt(file);
    await expectModes(9);
  });

  test('so is a blob that another process began', async () => {
    await initLayout(dir);
    const [, hex = ''] = blob.descriptor.digest.split(':');
    await writeFile(join(dir, '.dray', 'ingest', ownerlessName(hex)), blob.bytes.subarray(0, 100), {
      mode: 0o666,
    });
    const offsets: number[] = [];
    await createDirectoryBlobStore(dir).put(blob.descriptor, async (offset) => {
      offsets.push(offset);
      return streamOf(blob.bytes.subarray(offset));
    });
    expect(offsets).toEqual([100]);
    expect((await stat(blobPath(dir, blob.descriptor.digest))).mode & 0o777).toBe(0o644);
    await expectModes(6);
  });

  test('existing directories keep their modes', async () => {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    await initLayout(dir);
    expect((await stat(dir)).mode & 0o777).toBe(0o700);
  });
});

test('the mode of a link’s target does not change', async () => {
  const outside = join(temporary.path, 'outside');
  await writeFile(outside, '', { mode: 0o600 });
  await symlink(outside, join(temporary.path, 'link'));
  await setModeOf(join(temporary.path, 'link'));
  expect((await stat(outside)).mode & 0o777).toBe(0o600);
});
