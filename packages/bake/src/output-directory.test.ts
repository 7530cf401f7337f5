import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { dockerfileMark } from './dockerfile.ts';
import { clearOutput } from './output-directory.ts';

describe('the directory of a build context', () => {
  let dir: string;

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'dray-output-'));
  });
  afterEach(() => {
    rmSync(dir, { recursive: true });
  });

  const write = (name: string, text: string): void => {
    writeFileSync(join(dir, name), text);
  };

  test('is created, with its parents', async () => {
    await clearOutput(join(dir, 'a/b'));
    expect(readdirSync(join(dir, 'a/b'))).toEqual([]);
  });

  test('is cleared of an earlier build context, finished or not', async () => {
    write('Dockerfile', `${dockerfileMark}, not finished\n`);
    mkdirSync(join(dir, 'packs'));
    write('packs/x.squashfs', 'pack');
    await clearOutput(dir);
    expect(readdirSync(dir)).toEqual([]);
  });

  test.each([
    { what: 'a foreign Dockerfile', files: { Dockerfile: 'FROM scratch\n' } },
    { what: 'other files', files: { Dockerfile: dockerfileMark, 'notes.txt': 'mine' } },
    { what: 'no Dockerfile', files: { drayage: 'mine' } },
  ])('is left unchanged if it contains $what', async ({ files }) => {
    for (const [name, text] of Object.entries(files)) write(name, text);
    await expect(clearOutput(dir)).rejects.toMatchObject({ code: 'USAGE' });
    expect(readdirSync(dir).toSorted()).toEqual(Object.keys(files).toSorted());
  });

  test('is rejected if it is a file', async () => {
    write('file', '');
    await expect(clearOutput(join(dir, 'file'))).rejects.toMatchObject({ code: 'STORE_IO' });
  });
});
