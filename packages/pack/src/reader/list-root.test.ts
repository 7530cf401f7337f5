import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { packRootFault } from '@drayage/core/bundle';
import { rawTarEntry, rejectionCode, temporaryDirectory } from '@drayage/core/testing';
import type { TemporaryDirectory } from '@drayage/core/testing';
import { makePack, tarOf, text, topOf } from '../testing/make-pack.ts';
import { createPackRootLister } from './list-root.ts';
import { parseErofsRoot, parseSquashfsRoot } from './root-listing.ts';

let directory: TemporaryDirectory;
beforeEach(async () => {
  directory = await temporaryDirectory();
});
afterEach(() => directory.remove());

describe('the root of a pack', () => {
  const lister = createPackRootLister({ env: process.env });

  test('contains a directory for each layer, even for empty ones', async () => {
    const tars = [
      tarOf(rawTarEntry({ name: 'a/b', content: text('one') })),
      tarOf(),
      tarOf(rawTarEntry({ name: 'c d -> e\n', content: text('two') })),
    ];
    const { file, layers } = await makePack(directory.path, tars);
    const entries = await lister.listRoot(file, 'squashfs');
    expect(entries.map(({ name }) => name).toSorted()).toEqual(tars.map(topOf).toSorted());
    expect(packRootFault({ entries, diffIds: layers.map(({ diffId }) => diffId) })).toBeUndefined();
  });

  test('is an error for a file that is not a pack, and without a program', async () => {
    const file = join(directory.path, 'no pack');
    await writeFile(file, 'hello');
    expect(await rejectionCode(lister.listRoot(file, 'squashfs'))).toBe('PACK_INVALID');
    expect(await rejectionCode(lister.listRoot(file, 'squashfs', AbortSignal.abort()))).toBe('ABORTED');
    const missing = createPackRootLister({ unsquashfs: '/nonexistent', dumpErofs: '/nonexistent' });
    for (const filesystem of ['squashfs', 'erofs'] as const)
      expect(await rejectionCode(missing.listRoot(file, filesystem))).toBe('PACK_TOOL_MISSING');
  });
});

const name = 'a'.repeat(64);

describe('the list of unsquashfs', () => {
  const top = 'drwxr-xr-x 0/0                     206 1970-01-01 00:00 root';

  test('has the kind and name of each entry', () => {
    const printed = [
      'some remark of the program',
      top,
      `drwxr-xr-x 0/0                      26 1970-01-01 00:00 root/${name}`,
      `lrwxrwxrwx 0/0                       1 1970-01-01 00:00 root/${name} -> /etc -> /`,
      'crw-r--r-- 0/0                   1,  3 1970-01-01 00:00 root/null',
      'brw-r--r-- 12345678/0            7,  0 2038-01-19 03:14 root/disk',
      'prw-r--r-- 0/0                       0 1970-01-01 00:00 root/pipe',
      'srw-r--r-- 0/0                       0 1970-01-01 00:00 root/ socket',
      '-rw-r--r-- 0/0                       2 1970-01-01 00:00 root/1970-01-01 00:00 root/x',
      '',
    ].join('\n');
    expect(parseSquashfsRoot(printed)).toEqual([
      { name, kind: 'directory' },
      { name, kind: 'symbolic link' },
      { name: 'null', kind: 'character device' },
      { name: 'disk', kind: 'block device' },
      { name: 'pipe', kind: 'fifo' },
      { name: ' socket', kind: 'socket' },
      { name: '1970-01-01 00:00 root/x', kind: 'regular file' },
    ]);
  });

  test('has an unknown entry for each unparsable line', () => {
    const printed = `${top}\ndrwxr-xr-x 0/0 2 1970-01-01 00:00 root/${name}\nthe rest of a name\n`;
    expect(parseSquashfsRoot(printed)).toEqual([
      { name, kind: 'directory' },
      { name: 'the rest of a name', kind: 'unknown entry' },
    ]);
    expect(parseSquashfsRoot('nothing that is known\n')).toEqual([
      { name: 'nothing that is known', kind: 'unknown entry' },
    ]);
  });
});

describe('the list of dump.erofs', () => {
  const head = 'File : /\nSize: 238  On-disk size: 238  directory\n\n       NID TYPE  FILENAME\n';

  test('has the kind and name of each entry', () => {
    const lines = ['2  .', '2  ..', `2  ${name}`, '7  link', '3  null', '5  pipe', '1   x', '9  new'];
    const printed = `${head}${lines.map((line, at) => `        ${String(36 + at)}    ${line}\n`).join('')}`;
    expect(parseErofsRoot(printed)).toEqual([
      { name, kind: 'directory' },
      { name: 'link', kind: 'symbolic link' },
      { name: 'null', kind: 'character device' },
      { name: 'pipe', kind: 'fifo' },
      { name: ' x', kind: 'regular file' },
      { name: 'new', kind: 'unknown entry' },
    ]);
  });

  test('has an unknown entry for each unparsable line', () => {
    expect(parseErofsRoot(`${head}        46    2  ${name}\nrest\n`)).toEqual([
      { name, kind: 'directory' },
      { name: 'rest', kind: 'unknown entry' },
    ]);
    expect(parseErofsRoot('rest\n')).toEqual([{ name: 'rest', kind: 'unknown entry' }]);
  });
});
