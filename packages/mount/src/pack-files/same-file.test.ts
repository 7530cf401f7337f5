import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { runProgram, whyNoMounts } from '@drayage/host';
import { sameFileFunction } from './same-file.ts';

const reason =
  (await whyNoMounts()) ?? (existsSync('/sbin/mkfs.ext4') ? undefined : 'mkfs.ext4 is not installed');
if (reason !== undefined) process.stderr.write(`not tested: which file is mounted (${reason})\n`);

(reason === undefined ? describe : describe.skip)('the file behind a mount', () => {
  let folder: string;
  let file: string;
  let point: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'same-file-'));
    file = join(folder, 'file');
    point = join(folder, 'point');
    await mkdir(point);
    await makeFile(file);
    expect(await runProgram(['mount', '-o', 'loop,ro', file, point])).toMatchObject({ exitCode: 0 });
  });

  afterEach(async () => {
    await runProgram(['umount', point]);
    await rm(folder, { recursive: true });
  });

  const check = async (identity: string, program: readonly string[] = []): Promise<number> => {
    const script = `${sameFileFunction}\nsame_file "$@"`;
    const { exitCode } = await runProgram([...program, 'sh', '-c', script, 'sh', point, file, identity]);
    return exitCode;
  };

  test('is the mounted one, even if another file has its name now', async () => {
    const mounted = await identityOf(file);
    expect(await check(mounted)).toBe(0);
    await rename(file, `${file}.old`);
    await makeFile(file);
    expect(await check(mounted)).toBe(0);
    expect(await check(await identityOf(file))).toBe(1);
  });

  test('is compared by name if losetup does not show it', async () => {
    const bin = join(folder, 'bin');
    await mkdir(bin);
    await writeFile(join(bin, 'losetup'), '#!/bin/sh\necho "losetup: invalid option -- O" >&2; exit 1\n', {
      mode: 0o755,
    });
    const path = ['env', `PATH=${bin}:/usr/sbin:/usr/bin:/sbin:/bin`];
    const mounted = await identityOf(file);
    expect(await check(mounted, path)).toBe(0);
    await rename(file, `${file}.old`);
    await makeFile(file);
    expect(await check(mounted, path)).toBe(1);
  });

  test('is not checked without an identity', async () => {
    expect(await check('')).toBe(0);
  });
});

async function makeFile(file: string): Promise<void> {
  await writeFile(file, Buffer.alloc(1 << 20));
  expect(await runProgram(['mkfs.ext4', '-q', '-O', '^has_journal', file])).toMatchObject({ exitCode: 0 });
}

async function identityOf(file: string): Promise<string> {
  const { dev, ino } = await stat(file);
  return `${String(dev)}:${String(ino)}`;
}
