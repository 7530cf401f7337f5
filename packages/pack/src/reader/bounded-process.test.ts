import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { temporaryDirectory, type TemporaryDirectory } from '@drayage/core/testing';
import { runBounded, type BoundedEnd, type ExtractionBounds } from './bounded-process.ts';

const mebibyte = 1024 ** 2;

let directory: TemporaryDirectory;
beforeEach(async () => {
  directory = await temporaryDirectory();
});
afterEach(() => directory.remove());

function shell(
  script: string,
  bounds: Partial<ExtractionBounds> = {},
  signal?: AbortSignal,
): Promise<BoundedEnd> {
  return runBounded({
    command: 'sh',
    args: ['-c', `cd "$0" && ${script}`, directory.path],
    env: { PATH: process.env['PATH'] ?? '' },
    bounds: { maxFileBytes: mebibyte, maxBytes: mebibyte, directory: directory.path, ...bounds },
    signal,
  });
}

async function sizeOf(name: string): Promise<number> {
  return (await stat(join(directory.path, name))).size;
}

describe('a program that extracts files', () => {
  test('ends by itself within its bounds', async () => {
    expect(await shell('head -c 1000000 /dev/zero >a')).toEqual({
      kind: 'exited',
      status: 0,
      message: 'exit code 0',
    });
    expect(await shell('echo so >&2; exit 3')).toEqual({ kind: 'exited', status: 3, message: 'so' });
    expect(await sizeOf('a')).toBe(1_000_000);
  });

  test('cannot write a file above the limit, even with holes', async () => {
    expect(await shell('exec head -c 100000000 /dev/zero >a')).toEqual({ kind: 'exceeded' });
    expect(await sizeOf('a')).toBeLessThan(1.1 * mebibyte);
    expect(await shell('exec dd if=/dev/zero of=b bs=1 count=1 seek=10000000')).toEqual({ kind: 'exceeded' });
    expect(await sizeOf('b')).toBe(0);
  });

  test('is killed when its files exceed the limit', async () => {
    const forever = 'i=0; while :; do i=$((i + 1)); printf %065536d 0 >"$i"; done';
    expect(await shell(forever)).toEqual({ kind: 'exceeded' });
  });

  test('is killed on abort', async () => {
    const stop = new AbortController();
    const ended = shell('exec sleep 600', {}, stop.signal);
    stop.abort();
    expect(await ended).toEqual({ kind: 'aborted' });
    expect(await shell('exec sleep 600', {}, AbortSignal.abort())).toEqual({ kind: 'aborted' });
  });
});
