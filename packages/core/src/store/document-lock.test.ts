import { writeFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { temporaryDirectory, type TemporaryDirectory } from '../testing/temporary-directory.ts';
import { withDocumentLock } from './document-lock.ts';
import { initLayout } from './layout.ts';
import { ownedName } from './owner.ts';

let directory: TemporaryDirectory;

beforeEach(async () => {
  directory = await temporaryDirectory();
  await initLayout(directory.path);
});

afterEach(() => directory.remove());

test('actions of several holders run one after the other, and leave no lock', async () => {
  const log: string[] = [];
  const run = (name: string): Promise<void> =>
    withDocumentLock(directory.path, async () => {
      log.push(`${name} begins`);
      await new Promise((resolve) => setImmediate(resolve));
      log.push(`${name} ends`);
    });
  await Promise.all(['a', 'b', 'c', 'd'].map(run));
  const names = log.map((line) => line.split(' ')[0]);
  expect(names.filter((name, index) => index % 2 === 0)).toEqual(names.filter((_, index) => index % 2 === 1));
  expect(await readdir(join(directory.path, '.dray'))).toEqual(['ingest']);
});

test('a lock of a dead process is broken, one of a living process is not', async () => {
  const lock = join(directory.path, '.dray', 'index.lock');
  // Above the highest process id of Linux.
  await writeFile(lock, ownedName('index').replace(`-${String(process.pid)}-`, '-99999999-'));
  expect(await withDocumentLock(directory.path, () => Promise.resolve(1))).toBe(1);
  await writeFile(lock, ownedName('index'));
  const stopped = withDocumentLock(directory.path, () => Promise.resolve(1), AbortSignal.timeout(200));
  await expect(stopped).rejects.toMatchObject({ code: 'ABORTED' });
});

test('an action that fails releases the lock', async () => {
  const failing = withDocumentLock(directory.path, () => Promise.reject(new Error('no')));
  await expect(failing).rejects.toThrow('no');
  expect(await withDocumentLock(directory.path, () => Promise.resolve(2))).toBe(2);
});
