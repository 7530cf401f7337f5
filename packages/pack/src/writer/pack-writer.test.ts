import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { digestOf } from '@drayage/core';
import type { PackSource } from '@drayage/core/bundle';
import { rawLongName, rawPaxHeader, rawTarEntry, temporaryDirectory, zstdFrame } from '@drayage/core/testing';
import type { TemporaryDirectory } from '@drayage/core/testing';
import { makePack, nowhere, packSources, sourceOf, tarOf, text, topOf } from '../testing/make-pack.ts';
import { outputOf } from '../testing/run.ts';
import { createPackWriter } from './pack-writer.ts';

let directory: TemporaryDirectory;
beforeEach(async () => {
  directory = await temporaryDirectory();
});
afterEach(() => directory.remove());

const someFile = rawTarEntry({ name: 'etc/motd', content: text('hello\n') });
const someTar = tarOf(someFile);

/** Mode, owner, size or device, and time of every path of a layer, as printed by `unsquashfs`. */
async function listing(tar: Buffer): Promise<Record<string, string>> {
  const lines = await (await makePack(directory.path, [tar])).list();
  const top = `squashfs-root/${topOf(tar)}`;
  const found = lines
    .map((line) => /^(.*?) +(squashfs-root\S*)( -> .*)?$/.exec(line))
    .flatMap((match) => {
      const [, facts = '', path = '', target = ''] = match ?? [];
      return path.startsWith(top)
        ? [[path.slice(top.length), `${facts.replace(/ +/g, ' ')}${target}`] as const]
        : [];
    });
  return Object.fromEntries(found);
}

describe('the contents of a pack', () => {
  test('files, directories, links and devices match the tar', async () => {
    const tar = tarOf(
      rawTarEntry({ name: 'bin/', typeFlag: '5', mode: 0o1777, uid: 1, gid: 2, mtime: 60 }),
      rawTarEntry({ name: 'bin/sudo', content: text('#!'), mode: 0o4755, uid: 3, gid: 4, mtime: 120 }),
      rawTarEntry({ name: 'bin/link', typeFlag: '2', linkName: '/abs/target', mode: 0o644, mtime: 180 }),
      rawTarEntry({ name: 'bin/null', typeFlag: '3', deviceMajor: 1, deviceMinor: 3, mtime: 0 }),
      rawTarEntry({ name: 'bin/disk', typeFlag: '4', deviceMajor: 259, deviceMinor: 7, mtime: 0 }),
      rawTarEntry({ name: 'bin/pipe', typeFlag: '6', mtime: 0 }),
      rawTarEntry({ name: 'bin/empty', mtime: 0 }),
    );
    expect(await listing(tar)).toEqual({
      '': 'drwxr-xr-x 0/0 26 1970-01-01 00:00',
      '/bin': expect.stringMatching(/^drwxrwxrwt 1\/2 \d+ 1970-01-01 00:01$/),
      '/bin/sudo': '-rwsr-xr-x 3/4 2 1970-01-01 00:02',
      '/bin/link': 'lrwxrwxrwx 0/0 11 1970-01-01 00:03 -> /abs/target',
      '/bin/null': 'crw-r--r-- 0/0 1, 3 1970-01-01 00:00',
      '/bin/disk': 'brw-r--r-- 0/0 259, 7 1970-01-01 00:00',
      '/bin/pipe': 'prw-r--r-- 0/0 0 1970-01-01 00:00',
      '/bin/empty': '-rw-r--r-- 0/0 0 1970-01-01 00:00',
    });
  });

  test('a directory can follow its entries, and the last of several counts', async () => {
    const tar = tarOf(
      rawTarEntry({ name: 'a/b/file', mtime: 0 }),
      rawTarEntry({ name: './a/', typeFlag: '5', mode: 0o700, uid: 5, mtime: 60 }),
      rawTarEntry({ name: 'a', typeFlag: '5', mode: 0o711, uid: 6, mtime: 120 }),
    );
    expect(await listing(tar)).toMatchObject({
      '/a': expect.stringMatching(/^drwx--x--x 6\/0 \d+ 1970-01-01 00:02$/),
      '/a/b': expect.stringMatching(/^drwxr-xr-x 0\/0 \d+ 1970-01-01 00:00$/),
    });
  });

  test('the top directory has the attributes from the tar, but time 0', async () => {
    const tar = tarOf(rawTarEntry({ name: './', typeFlag: '5', mode: 0o750, uid: 7, gid: 8 }), someFile);
    expect((await listing(tar))['']).toMatch(/^drwxr-x--- 7\/8 \d+ 1970-01-01 00:00$/);
  });

  test('whiteouts are devices 0/0, unless a later entry replaces them', async () => {
    const tar = tarOf(
      rawTarEntry({ name: 'etc/.wh.passwd', uid: 9 }),
      rawTarEntry({ name: '.wh.tmp', typeFlag: '1', linkName: '.wh..wh.aufs' }),
      rawTarEntry({ name: '.wh.opt' }),
      rawTarEntry({ name: 'opt/', typeFlag: '5', mtime: 0 }),
      rawTarEntry({ name: '.wh..wh.plnk/', typeFlag: '5' }),
      rawTarEntry({ name: '.wh..wh.plnk/12.34', content: text('aufs') }),
    );
    expect(await listing(tar)).toEqual({
      '': expect.any(String),
      '/etc': expect.any(String),
      '/etc/passwd': 'c--------- 9/0 0, 0 1970-01-01 00:00',
      '/tmp': 'c--------- 0/0 0, 0 1970-01-01 00:00',
      '/opt': expect.stringMatching(/^drwxr-xr-x/),
    });
  });

  test('hard links share one file', async () => {
    const tar = tarOf(
      rawTarEntry({ name: './a', content: text('one'), mtime: 0 }),
      rawTarEntry({ name: 'd/b', typeFlag: '1', linkName: '/a', mtime: 0 }),
      rawTarEntry({ name: 's', typeFlag: '2', linkName: 'a', mtime: 0 }),
      rawTarEntry({ name: 't', typeFlag: '1', linkName: 's', mtime: 60 }),
    );
    expect(await listing(tar)).toMatchObject({
      '/a': '-rw-r--r-- 0/0 3 1970-01-01 00:00',
      '/d/b': '-rw-r--r-- 0/0 3 1970-01-01 00:00',
      '/t': 'lrwxrwxrwx 0/0 1 1970-01-01 00:00 -> a',
    });
    const { layers } = await makePack(directory.path, [tar]);
    expect(layers).toMatchObject([{ size: 3 + 1, entries: 4, tarSize: tar.length }]);
  });

  test('names and owners can exceed ustar fields', async () => {
    const long = `${'d'.repeat(200)}/${'n'.repeat(250)}`;
    const tar = tarOf(
      rawPaxHeader({ path: long, uid: '3000000', gid: '4294967294', mtime: '59.9' }),
      rawTarEntry({ name: 'short', content: text('x') }),
      rawLongName(`${long}2`),
      rawTarEntry({ name: 'short', format: 'gnu', uid: 4_000_000_000, mtime: 0 }),
      rawLongName(`../${'t'.repeat(300)}`, 'K'),
      rawTarEntry({ name: 'link', typeFlag: '2', linkName: 'short', mtime: 0 }),
      rawPaxHeader({ linkpath: long, uid: '3000000', gid: '4294967294' }),
      rawTarEntry({ name: 'hard', typeFlag: '1', mtime: 59 }),
      rawTarEntry({ name: 'in-prefix', prefix: 'p'.repeat(120), mtime: 0 }),
    );
    expect(await listing(tar)).toMatchObject({
      [`/${long}`]: '-rw-r--r-- 3000000/4294967294 1 1970-01-01 00:00',
      [`/${long}2`]: '-rw-r--r-- 4000000000/0 0 1970-01-01 00:00',
      '/link': expect.stringContaining(`-> ../${'t'.repeat(300)}`),
      [`/${'p'.repeat(120)}/in-prefix`]: expect.any(String),
    });
  });

  test('times are clamped to the range of the file system', async () => {
    const tar = tarOf(
      rawTarEntry({ name: 'old', format: 'gnu', mtime: -100 }),
      rawTarEntry({ name: 'new', mtime: 8_000_000_000 }),
    );
    expect(await listing(tar)).toMatchObject({
      '/old': expect.stringContaining('1970-01-01 00:00'),
      '/new': expect.stringContaining('2106-02-07 06:28'),
    });
  });
});

describe('extended attributes', () => {
  test.each([
    ['are stored', 'user.mime', '0', 1],
    ['on a symlink are dropped', 'user.mime', '2', 0],
    ['in a namespace unknown to Linux are dropped', 'com.example.mime', '0', 0],
  ] as const)('%s', async (_, name, typeFlag, count) => {
    const tar = tarOf(
      rawPaxHeader({ [`SCHILY.xattr.${name}`]: 'x' }),
      rawTarEntry({ name: 'x', typeFlag, linkName: 'y' }),
    );
    const { file } = await makePack(directory.path, [tar]);
    expect(await outputOf('unsquashfs', ['-s', file])).toContain(`Number of xattr ids ${String(count)}\n`);
  });
});

describe('the bytes of a pack', () => {
  const layers = [
    someTar,
    tarOf(
      ...Array.from({ length: 200 }, (_, at) =>
        rawTarEntry({ name: `f/${String(at)}`, content: Buffer.alloc(at * 50, at) }),
      ),
    ),
  ];

  test('depend only on the layers, not on chunks or compression', async () => {
    const made = [
      await makePack(directory.path, layers),
      await makePack(directory.path, layers, { processors: 1 }),
      await packSources(
        directory.path,
        layers.map((tar) => sourceOf(tar, gzipSync(tar))),
      ),
      await packSources(
        directory.path,
        layers.map((tar) => sourceOf(tar, zstdFrame(tar), 7)),
      ),
      await packSources(
        directory.path,
        layers.map((tar) => sourceOf(tar, tar, 511)),
      ),
    ];
    const digests = await Promise.all(made.map(async ({ file }) => digestOf(await readFile(file))));
    expect(new Set(digests).size).toBe(1);
    expect(new Set(made.map(({ layers: packed }) => JSON.stringify(packed))).size).toBe(1);
  });

  test('do not depend on time zone, umask or current time', async () => {
    const first = await makePack(directory.path, layers);
    const umask = process.umask(0o077);
    try {
      const env = { PATH: process.env['PATH'], TZ: 'Pacific/Kiritimati', SOURCE_DATE_EPOCH: '1000000000' };
      await nextSecond();
      const second = await makePack(directory.path, layers, { env });
      expect((await readFile(second.file)).equals(await readFile(first.file))).toBe(true);
    } finally {
      process.umask(umask);
    }
  });

  test('have separate blocks for each file', async () => {
    const { file } = await makePack(directory.path, layers);
    expect(await outputOf('unsquashfs', ['-s', file])).toContain('Number of fragments 0\n');
  });

  test('are not written without layers', async () => {
    const made = await makePack(directory.path, []);
    expect(made.layers).toEqual([]);
    expect(existsSync(made.file)).toBe(false);
  });

  test('can come from a gzip layer with several members', async () => {
    const half = someTar.length / 2;
    const stored = Buffer.concat([gzipSync(someTar.subarray(0, half)), gzipSync(someTar.subarray(half))]);
    const made = await packSources(directory.path, [sourceOf(someTar, stored)]);
    expect((await made.rebuild()).equals(someTar)).toBe(true);
  });
});

describe('a pack rejects', () => {
  const refused: Readonly<Record<string, readonly [entry: string | undefined, tar: Buffer]>> = {
    'a name with ".."': ['a/../../b', tarOf(rawTarEntry({ name: 'a/../../b' }))],
    'a link with ".."': [
      'l',
      tarOf(someFile, rawTarEntry({ name: 'l', typeFlag: '1', linkName: '../etc/motd' })),
    ],
    'a link to a missing file': ['l', tarOf(rawTarEntry({ name: 'l', typeFlag: '1', linkName: 'etc/motd' }))],
    'a link that would change its file': [
      'l',
      tarOf(someFile, rawTarEntry({ name: 'l', typeFlag: '1', linkName: 'etc/motd', mode: 0o600 })),
    ],
    'a link to a directory': [
      'l',
      tarOf(
        rawTarEntry({ name: 'd/', typeFlag: '5' }),
        rawTarEntry({ name: 'l', typeFlag: '1', linkName: 'd' }),
      ),
    ],
    'a duplicate file': ['./etc/motd', tarOf(someFile, rawTarEntry({ name: './etc/motd' }))],
    'a file in place of a directory': ['etc', tarOf(someFile, rawTarEntry({ name: 'etc' }))],
    'a directory in place of a file': [
      'etc/motd/',
      tarOf(someFile, rawTarEntry({ name: 'etc/motd/', typeFlag: '5' })),
    ],
    'an entry below a file': ['etc/motd/x', tarOf(someFile, rawTarEntry({ name: 'etc/motd/x' }))],
    'an entry below a symlink': [
      'l/x',
      tarOf(rawTarEntry({ name: 'l', typeFlag: '2', linkName: '/etc' }), rawTarEntry({ name: 'l/x' })),
    ],
    'a file without a name': ['./', tarOf(rawTarEntry({ name: './' }))],
    'a whiteout of a path outside': ['.wh...', tarOf(rawTarEntry({ name: '.wh...' }))],
    'a whiteout of nothing': ['d/.wh.', tarOf(rawTarEntry({ name: 'd/.wh.' }))],
    'a whiteout of its own layer': ['etc/.wh.motd', tarOf(someFile, rawTarEntry({ name: 'etc/.wh.motd' }))],
    'an entry below a whiteout': ['.wh.d/x', tarOf(rawTarEntry({ name: '.wh.d/x' }))],
    'an attribute of overlayfs': [
      'x',
      tarOf(rawPaxHeader({ 'SCHILY.xattr.trusted.overlay.redirect': '/etc' }), rawTarEntry({ name: 'x' })),
    ],
    'an access control list': [
      'x',
      tarOf(rawPaxHeader({ 'SCHILY.xattr.system.posix_acl_access': 'x' }), rawTarEntry({ name: 'x' })),
    ],
    'a name of 256 bytes': [
      'n'.repeat(256),
      tarOf(rawPaxHeader({ path: 'n'.repeat(256) }), rawTarEntry({ name: 'x' })),
    ],
    'a symlink without target': ['l', tarOf(rawTarEntry({ name: 'l', typeFlag: '2' }))],
    'a negative owner': ['x', tarOf(rawTarEntry({ name: 'x', format: 'gnu', uid: -1 }))],
    'an impossible device': ['x', tarOf(rawTarEntry({ name: 'x', typeFlag: '3', deviceMajor: 5000 }))],
    'an unknown type': [undefined, tarOf(rawTarEntry({ name: 'x', typeFlag: 'Z' }))],
    'a wrong checksum': [
      undefined,
      tarOf(Buffer.concat([Buffer.from('y'), rawTarEntry({ name: 'x' }).subarray(1)])),
    ],
    'a truncated tar': ['etc/motd', someTar.subarray(0, 515)],
    'a negative size': [undefined, tarOf(rawTarEntry({ name: 'x', format: 'gnu', size: -5 }))],
    'a malformed extended header': [
      undefined,
      tarOf(rawTarEntry({ name: 'x', typeFlag: 'x', content: text('99 path=x\n') })),
    ],
    'an archive of another kind': [undefined, Buffer.alloc(2000, 'PK')],
  };

  test.each(Object.entries(refused))('%s', async (_, [entry, tar]) => {
    const packing = makePack(directory.path, [someTar, tar], { name: 'refused' });
    await expect(packing).rejects.toMatchObject({
      code: 'PACK_LAYER_UNSUPPORTED',
      details: { diffId: digestOf(tar), entry },
    });
    expect(await readdir(directory.path)).not.toContain('refused');
  });

  test('more entries or bytes than the limits', async () => {
    const two = tarOf(someFile, rawTarEntry({ name: 'second', content: Buffer.alloc(3000) }));
    for (const limits of [{ maxEntries: 1 }, { maxBytes: 2999 }]) {
      await expect(makePack(directory.path, [two], { limits })).rejects.toMatchObject({
        code: 'PACK_LAYER_UNSUPPORTED',
        details: { entry: 'second' },
      });
    }
  });

  test('a small file that would become a huge one', async () => {
    const zeros = Buffer.alloc(64 * 1024 ** 2);
    const tar = tarOf(rawTarEntry({ name: 'bomb', content: zeros }));
    const packing = packSources(directory.path, [sourceOf(tar, gzipSync(tar))], {
      limits: { maxBytes: 1024 ** 2 },
    });
    await expect(packing).rejects.toMatchObject({
      code: 'PACK_LAYER_UNSUPPORTED',
      details: { entry: 'bomb' },
    });
  });

  test.each([
    ['bzip2', text('BZh91AY&SY and more')],
    ['xz', Buffer.concat([Buffer.from([0xfd]), text('7zXZ\0 and more')])],
    ['truncated gzip', gzipSync(Buffer.alloc(100_000, 'x')).subarray(0, 60)],
    ['corrupt gzip', Buffer.concat([gzipSync(someTar).subarray(0, 20), Buffer.alloc(100, 0xff)])],
  ])('a layer in %s', async (_, stored) => {
    await expect(packSources(directory.path, [sourceOf(someTar, stored)])).rejects.toMatchObject({
      code: 'PACK_LAYER_UNSUPPORTED',
      details: { diffId: digestOf(someTar) },
    });
  });
});

describe('when a pack cannot be written', () => {
  const write = async (
    sources: Iterable<PackSource> | AsyncIterable<PackSource>,
    options = {},
    signal?: AbortSignal,
  ): Promise<unknown> =>
    createPackWriter(options).write({
      filesystem: 'squashfs',
      layers: sources,
      file: join(directory.path, 'pack'),
      ingest: nowhere,
      signal,
    });
  const noPack = async (): Promise<void> => {
    expect(await readdir(directory.path)).not.toContain('pack');
  };

  test('a layer that does not match its diffId is an error', async () => {
    const source = { ...sourceOf(someTar), diffId: digestOf('another') };
    await expect(write([source])).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    await noPack();
  });

  test('errors of the source are passed on', async () => {
    const broken = Object.assign(new Error('broken'), { code: 'BROKEN' });
    const opening = { ...sourceOf(someTar), open: () => Promise.reject(broken) };
    await expect(write([sourceOf(someTar), opening])).rejects.toBe(broken);
    const reading = { ...sourceOf(someTar), open: () => Promise.resolve(Readable.from(breaking(broken))) };
    await expect(write([reading])).rejects.toBe(broken);
    await noPack();
  });

  test('errors of the tar-split ingest are passed on', async () => {
    const full = Object.assign(new Error('full'), { code: 'DISK_FULL' });
    const ingest = { ingest: () => Promise.reject(full) };
    const file = join(directory.path, 'pack');
    const packing = createPackWriter().write({
      filesystem: 'squashfs',
      layers: [sourceOf(someTar)],
      file,
      ingest,
    });
    await expect(packing).rejects.toBe(full);
    await noPack();
  });

  test('a missing or old program is named with the required version', async () => {
    const old = await program('old', 'echo mksquashfs version 4.4; exit 1');
    for (const mksquashfs of [join(directory.path, 'none'), old]) {
      await expect(write([sourceOf(someTar)], { mksquashfs })).rejects.toMatchObject({
        code: 'PACK_TOOL_MISSING',
        details: { command: mksquashfs, version: '4.5' },
      });
    }
  });

  test('a failing program and a full disk are errors', async () => {
    const failing = await program('failing', 'echo "FATAL ERROR: out of luck" >&2; exit 1');
    await expect(write([sourceOf(someTar)], { mksquashfs: failing })).rejects.toMatchObject({
      code: 'PACK_WRITE_FAILED',
    });
    const full = await program(
      'full',
      'cat >/dev/null; echo "Write failed because No space left on device" >&2; exit 1',
    );
    await expect(write([sourceOf(someTar)], { mksquashfs: full })).rejects.toMatchObject({
      code: 'DISK_FULL',
    });
    await noPack();
  });

  test('a program that dies is reported even while the next layer is awaited', async () => {
    const dying = await program('dying', 'touch "$2"; head -c 512 >/dev/null; kill -KILL $$');
    const sources = async function* (): AsyncGenerator<PackSource> {
      yield sourceOf(someTar);
      await new Promise(() => undefined);
    };
    await expect(write(sources(), { mksquashfs: dying })).rejects.toMatchObject({
      code: 'PACK_WRITE_FAILED',
    });
    await noPack();
  });

  test('an abort ends it at once in any phase, and leaves no program', async () => {
    const silent = {
      ...sourceOf(someTar),
      open: () => Promise.resolve(new Readable({ read: () => undefined })),
    };
    const never = async function* (): AsyncGenerator<PackSource> {
      yield sourceOf(someTar);
      await new Promise(() => undefined);
    };
    const stuck = await program('stuck', 'echo $$ > "$2.pid"; exec sleep 1000');
    const huge = tarOf(rawTarEntry({ name: 'huge', content: Buffer.alloc(8 * 1024 ** 2) }));
    const pidFile = join(directory.path, 'pack.pid');
    const cases = [
      { sources: [silent], options: {} },
      { sources: never(), options: {} },
      {
        sources: [sourceOf(huge)],
        options: { mksquashfs: stuck },
        isStuck: () => existsSync(pidFile) && readFileSync(pidFile, 'utf8').endsWith('\n'),
      },
    ];
    for (const { sources, options, isStuck = () => true } of cases) {
      const abort = new AbortController();
      const packing = write(sources, options, abort.signal);
      packing.catch(() => undefined);
      do await new Promise((resolve) => setTimeout(resolve, 100));
      while (!isStuck());
      abort.abort();
      await expect(packing).rejects.toMatchObject({ code: 'ABORTED' });
      await noPack();
    }
    const pid = Number(await readFile(pidFile, 'utf8'));
    expect(() => process.kill(pid, 0)).toThrow();
    await expect(write([sourceOf(someTar)], {}, AbortSignal.abort())).rejects.toMatchObject({
      code: 'ABORTED',
    });
  });

  async function program(name: string, script: string): Promise<string> {
    const path = join(directory.path, name);
    await mkdir(directory.path, { recursive: true });
    const version = 'if [ "$1" = -version ]; then echo mksquashfs version 4.6; exit 0; fi';
    await writeFile(path, `#!/bin/sh\n${name === 'old' ? '' : version}\n${script}\n`);
    await chmod(path, 0o755);
    return path;
  }
});

async function* breaking(error: Error): AsyncGenerator<Buffer> {
  yield await Promise.resolve(someTar.subarray(0, 600));
  throw error;
}

/** Waits for the next second, so that a current time would differ. */
async function nextSecond(): Promise<void> {
  const until = Math.floor(Date.now() / 1000) + 1;
  while (Date.now() / 1000 < until) await new Promise((resolve) => setTimeout(resolve, 50));
}
