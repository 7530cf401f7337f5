import {
  appendFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { digestOf, fromHex, hexOf, type HelperFile } from '@drayage/core';
import type { MountablePack } from '@drayage/core/bundle';
import { placePack, sweepPackVolume, type PackVolume } from './remote-packs.ts';
import { runProgram } from '@drayage/host';

/**
 * Implementations of the programs on the engine's side: coreutils in most distributions, BusyBox in Alpine.
 */
const programs = existsSync('/bin/busybox')
  ? (['the system', 'BusyBox'] as const)
  : (['the system'] as const);

describe.each(programs)('with the programs of %s', (kind) => {
  let folder: string;
  let there: string;
  let uploads: string[];
  let volume: PackVolume;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'packs-'));
    there = join(folder, 'volume');
    await mkdir(there);
    await mkdir(join(folder, 'bin'));
    if (kind === 'BusyBox') await runProgram(['/bin/busybox', '--install', '-s', join(folder, 'bin')]);
    uploads = [];
    volume = {
      location: 'tcp://engine',
      path: there,
      run: kind === 'BusyBox' ? byBusyBox : runProgram,
      helper: {
        upload: async ({ name, open }: HelperFile) => {
          uploads.push(name);
          await writeFile(join(there, name), await open());
        },
      },
    };
  });

  const byBusyBox: PackVolume['run'] = (argv, options) =>
    runProgram(['/bin/busybox', 'env', '-i', `PATH=${join(folder, 'bin')}`, ...argv], options);

  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  async function packOf(content: string, size: number = content.length): Promise<MountablePack> {
    const file = join(folder, 'local');
    await writeFile(file, content);
    const image = { mediaType: 'application/vnd.drayage.pack.squashfs.v1', digest: digestOf(content), size };
    return { file, pack: { manifest: image, config: image, image, filesystem: 'squashfs', layers: [] } };
  }

  const swaps: Readonly<Record<string, (path: string) => Promise<void>>> = {
    'other bytes of the same size': (path) => writeFile(path, 'the pacK'),
    'other bytes of the same size and time': async (path) => {
      const { atime, mtime } = await stat(path);
      await writeFile(path, 'the pacK');
      await utimes(path, atime, mtime);
    },
    'another file of the same size': async (path) => {
      await writeFile(`${path}.new`, 'the pacK');
      await rename(`${path}.new`, path);
    },
    smaller: (path) => writeFile(path, 'x'),
    truncated: (path) => truncate(path, 3),
    grown: (path) => appendFile(path, 'x'),
  };

  const hours = (count: number): number => Date.now() / 1000 - count * 3600;

  describe('a pack', () => {
    const hex = hexOf(digestOf('the pack'));

    test('is uploaded once', async () => {
      const pack = await packOf('the pack');
      expect(await placePack(volume, pack, undefined)).toMatchObject({ path: join(there, hex) });
      expect(await placePack(volume, pack, undefined)).toMatchObject({ path: join(there, hex) });
      expect(uploads).toHaveLength(1);
      expect(await readFile(join(there, hex), 'utf8')).toBe('the pack');
      expect(await readdir(there)).toEqual([hex, `${hex}.proven`]);
    });

    test('that changes during the upload is refused and removed', async () => {
      const pack = await packOf('the pack');
      await writeFile(pack.file, 'the pacK');
      await expect(placePack(volume, pack, undefined)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
      expect(await readdir(there)).toEqual([]);
    });

    test('is uploaded again after an interrupted upload', async () => {
      await writeFile(join(there, hex), 'the p');
      await placePack(volume, await packOf('the pack'), undefined);
      expect(await readFile(join(there, hex), 'utf8')).toBe('the pack');
    });

    test.each([
      ['is whole', 'the pack', 0],
      ['was torn', 'the p\0\0\0', 1],
    ])('stored before a reboot is hashed first: it %s', async (_, content, sent) => {
      await writeFile(join(there, hex), content);
      await writeFile(join(there, `${hex}.proven`), 'another boot 1:1 8\n');
      await placePack(volume, await packOf('the pack'), undefined);
      expect(uploads).toHaveLength(sent);
      expect(await readFile(join(there, hex), 'utf8')).toBe('the pack');
      expect(await readFile(join(there, `${hex}.proven`), 'utf8')).not.toBe('another boot 1:1 8\n');
    });

    test('is not uploaded if there is no room', async () => {
      const failure = placePack(volume, await packOf('the pack', 2 ** 52), undefined);
      await expect(failure).rejects.toMatchObject({ code: 'DISK_FULL' });
      expect(uploads).toEqual([]);
    });

    test('that arrives incomplete is rejected', async () => {
      const upload = async ({ name }: HelperFile): Promise<void> => writeFile(join(there, name), 'short');
      const failure = placePack({ ...volume, helper: { upload } }, await packOf('the pack'), undefined);
      await expect(failure).rejects.toMatchObject({ code: 'ENGINE_HELPER_FAILED' });
      expect(await readdir(there)).not.toContain(hex);
    });

    describe.each(Object.entries(swaps))('stored, but changed to %s', (_, swap) => {
      test('is uploaded again', async () => {
        const pack = await packOf('the pack');
        await placePack(volume, pack, undefined);
        await swap(join(there, hex));
        await placePack(volume, pack, undefined);
        expect(uploads).toHaveLength(2);
        expect(await readFile(join(there, hex), 'utf8')).toBe('the pack');
      });

      test('is refused between the proof and the mount', async () => {
        const placed = await placePack(volume, await packOf('the pack'), undefined);
        await placed.confirm();
        await swap(join(there, hex));
        await expect(placed.confirm()).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
      });
    });

    test('that was touched is hashed again, not uploaded', async () => {
      const pack = await packOf('the pack');
      await placePack(volume, pack, undefined);
      await utimes(join(there, hex), 1, 1);
      await placePack(volume, pack, undefined);
      expect(uploads).toHaveLength(1);
    });

    test('that arrives with other bytes is rejected', async () => {
      const upload = async ({ name }: HelperFile): Promise<void> => writeFile(join(there, name), 'the pacK');
      const failure = placePack({ ...volume, helper: { upload } }, await packOf('the pack'), undefined);
      await expect(failure).rejects.toMatchObject({ code: 'ENGINE_HELPER_FAILED' });
      expect(await readdir(there)).toEqual([]);
    });

    test('can be uploaded concurrently', async () => {
      const pack = await packOf('the pack');
      await Promise.all([1, 2, 3].map(() => placePack(volume, pack, undefined)));
      expect(await readdir(there)).toEqual([hex, `${hex}.proven`]);
    });

    test('is not placed after an abort', async () => {
      const failure = placePack(volume, await packOf('the pack'), AbortSignal.abort());
      await expect(failure).rejects.toMatchObject({ code: 'ABORTED' });
    });
  });

  describe('sweeping the volume', () => {
    test('removes only packs unused for an hour', async () => {
      const [old, fresh] = [hexOf(digestOf('old')), hexOf(digestOf('fresh'))];
      const names = [old, `${old}.proven`, `${old}.12345678.partial`, fresh, `${fresh}.proven`];
      for (const name of names) {
        await writeFile(join(there, name), '');
        if (name.startsWith(old)) await utimes(join(there, name), hours(2), hours(2));
      }
      await sweepPackVolume(volume);
      expect(await readdir(there)).toEqual([fresh, `${fresh}.proven`].sort());
    });

    test('keeps mounted packs', async () => {
      // The name of an existing mount point stands in for a pack's.
      const mounted = join(there, 'proc');
      await writeFile(mounted, '');
      await utimes(mounted, hours(2), hours(2));
      await sweepPackVolume(volume);
      expect((await stat(mounted)).isFile()).toBe(true);
    });

    test('frees space before an upload', async () => {
      const old = join(there, hexOf(fromHex('a'.repeat(64))));
      await writeFile(old, '');
      await utimes(old, hours(2), hours(2));
      await placePack(volume, await packOf('the pack'), undefined);
      await expect(stat(old)).rejects.toMatchObject({ code: 'ENOENT' });
    });
  });
});
