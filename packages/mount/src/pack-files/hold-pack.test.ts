import {
  appendFile,
  chmod,
  chown,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { digestOf } from '@drayage/core';
import { holdPack, type HeldPack, type PackTrust } from './hold-pack.ts';

const other = 65_534;
const isRoot = process.getuid?.() === 0;
if (!isRoot) process.stderr.write('not tested: packs that others can write to (needs root)\n');

const bytes = Buffer.alloc(300_000, 'pack');
const descriptor = { digest: digestOf(bytes), size: bytes.length };

(isRoot ? describe : describe.skip)('a pack that root mounts', () => {
  let folder: string;
  let file: string;
  let messages: string[];
  let held: HeldPack[];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hold-pack-'));
    await mkdir(join(folder, 'bundle'), { mode: 0o755 });
    file = join(folder, 'bundle', 'pack');
    await writeFile(file, bytes, { mode: 0o644 });
    messages = [];
    held = [];
  });

  afterEach(async () => {
    for (const pack of held) await pack.release();
    await rm(folder, { recursive: true });
  });

  const hold = async (trust: PackTrust = {}, proven?: string, isInodeCompared = false): Promise<HeldPack> => {
    const onCopy = (message: string): unknown => messages.push(message);
    const pack = await holdPack({
      ...{ file, descriptor, proven, isInodeCompared, signal: undefined },
      trust: { onCopy, ...trust },
    });
    held.push(pack);
    return pack;
  };

  test('is the original file if only root can write to it', async () => {
    const pack = await hold();
    const { dev, ino } = await stat(file);
    expect(pack).toMatchObject({ path: file, identity: `${String(dev)}:${String(ino)}` });
    expect(pack.state).toContain(String(ino));
    expect(messages).toEqual([]);
  });

  test('is the original file if the user who called sudo owns it', async () => {
    await chown(file, other, 0);
    await chown(join(folder, 'bundle'), other, 0);
    expect(await hold({ sudoUid: other })).toMatchObject({ path: file });
    expect(messages).toEqual([]);
  });

  const byFile: Readonly<Record<string, () => Promise<void>>> = {
    'by owning it': () => chown(file, other, other),
    'by its mode': () => chmod(file, 0o666),
  };
  const byDirectory: Readonly<Record<string, () => Promise<void>>> = {
    'by owning its directory': () => chown(join(folder, 'bundle'), other, other),
    'by the mode of its directory': () => chmod(join(folder, 'bundle'), 0o777),
    'by owning a directory above': () => chown(folder, other, other),
    'by the mode of a directory above': () => chmod(folder, 0o777),
  };

  test.each(Object.entries(byDirectory))(
    'is the original file if another user can write to it %s, but the inode is compared after the mount',
    async (_, open) => {
      await open();
      expect(await hold({ strict: true }, undefined, true)).toMatchObject({ path: file });
      expect(messages).toEqual([]);
    },
  );

  test.each(Object.entries(byFile))(
    'is a private copy if another user can write to it %s, even if the inode is compared',
    async (_, open) => {
      await open();
      expect((await hold({}, undefined, true)).path).not.toBe(file);
    },
  );

  describe.each(Object.entries({ ...byFile, ...byDirectory }))(
    'that another user can write to %s',
    (_, open) => {
      test('is a private copy, which does not change', async () => {
        await open();
        const pack = await hold();
        expect(pack.path).not.toBe(file);
        expect(messages).toEqual([expect.stringContaining(`private copy of ${String(bytes.length)} bytes`)]);
        await writeFile(file, 'other bytes');
        await pack.confirm();
        expect(Buffer.compare(await readFile(pack.path), bytes)).toBe(0);
        const { uid, mode } = await stat(join(pack.path, '..'));
        expect([uid, mode & 0o777]).toEqual([0, 0o700]);
        await pack.release();
        await expect(stat(pack.path)).rejects.toMatchObject({ code: 'ENOENT' });
        held = [];
      });

      test('is rejected in strict mode', async () => {
        await open();
        await expect(hold({ strict: true })).rejects.toMatchObject({ code: 'PACK_UNTRUSTED' });
      });
    },
  );

  test.each([
    ['of the same size', () => writeFile(file, Buffer.alloc(bytes.length, 'x')), 'DIGEST_MISMATCH'],
    ['larger', () => appendFile(file, 'x'), 'SIZE_MISMATCH'],
    ['a sparse terabyte', () => truncate(file, 2 ** 40), 'SIZE_MISMATCH'],
    ['truncated', () => truncate(file, 10), 'SIZE_MISMATCH'],
    ['a link', () => rename(file, `${file}.real`).then(() => symlink(`${file}.real`, file)), 'BUNDLE_UNSAFE'],
    ['gone', () => rm(file), 'BLOB_MISSING'],
  ])('is rejected if its file is %s, copied or not, proven before or not', async (_, swap, code) => {
    const { state } = await hold();
    await swap();
    for (const proven of [undefined, state]) await expect(hold({}, proven)).rejects.toMatchObject({ code });
    await chmod(join(folder, 'bundle'), 0o777);
    for (const proven of [undefined, state]) await expect(hold({}, proven)).rejects.toMatchObject({ code });
    expect(await copiesOf(process.pid)).toEqual([]);
  });

  test('removes only copies that other processes left behind', async () => {
    await chown(file, other, other);
    const pack = await hold();
    const home = join(pack.path, '..');
    const names = ['pack.0123456789ab-1-0123456789abcdef', 'pack.0123456789ab-2-0123456789abcdef', 'mine'];
    const [old = '', fresh = '', foreign = ''] = names.map((name) => join(home, name));
    for (const path of [old, fresh, foreign]) await writeFile(path, '');
    for (const path of [old, foreign]) await utimes(path, 1, 1);
    try {
      await hold();
      await expect(stat(old)).rejects.toMatchObject({ code: 'ENOENT' });
      for (const path of [pack.path, fresh, foreign]) expect((await stat(path)).isFile()).toBe(true);
    } finally {
      for (const path of [old, fresh, foreign]) await rm(path, { force: true });
    }
  });

  test('is not hashed again while its state is unchanged, and rejected once it is written to', async () => {
    const { state } = await hold();
    const pack = await hold({}, state);
    await writeFile(file, Buffer.alloc(bytes.length, 'x'));
    await expect(pack.confirm()).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
  });
});

/** Names of a process's private copies in the directories that may contain them. */
async function copiesOf(pid: number): Promise<string[]> {
  const homes = ['/var/lib/drayage/packs', '/tmp/.drayage-packs', '/.drayage-packs'];
  const names = await Promise.all(homes.map((home) => readdir(home).catch(() => [])));
  return names.flat().filter((name) => name.includes(`-${String(pid)}-`));
}
