import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { EngineHost } from '../engine-host/engine-host.ts';
import { runProgram } from '@drayage/host';
import { linkLayers, relinkLayers } from './layer-links.ts';
import { runScript } from './pack-mounts.ts';

const unused = (): Promise<never> => Promise.reject(new Error('not used here'));
const byShell: EngineHost = {
  ...{ kind: 'local', sharesMounts: false, containerdSocket: '/none', localSocket: undefined },
  ...{ run: runProgram, placePack: unused, connectContainerd: unused },
  close: () => Promise.resolve(),
};

const byFiles: EngineHost = { ...byShell, sharesMounts: true };

describe.each([
  ['a shell', byShell],
  ['this process', byFiles],
])('links to layers, made by %s', (_, engineHost) => {
  let folder: string;
  let directory: string;
  let tree: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "dray unit '"));
    directory = join(folder, 'snapshot fs');
    tree = join(folder, 'tree');
    mkdirSync(directory);
    mkdirSync(tree);
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  test('replace an empty directory', async () => {
    await linkLayers(engineHost, [{ directory, tree }]);
    expect(readlinkSync(directory)).toBe(tree);
  });

  test('are not made to a missing tree, and do not replace a directory that has entries', async () => {
    const absent = join(folder, 'absent');
    await expect(linkLayers(engineHost, [{ directory, tree: absent }])).rejects.toMatchObject({
      code: 'MOUNT_FAILED',
    });
    expect(statSync(directory).isDirectory()).toBe(true);
    writeFileSync(join(directory, 'file'), '');
    await expect(linkLayers(engineHost, [{ directory, tree }])).rejects.toMatchObject({
      code: 'MOUNT_FAILED',
    });
    expect(readdirSync(directory)).toEqual(['file']);
  });

  test('can be redirected, but only existing links are', async () => {
    await linkLayers(engineHost, [{ directory, tree }]);
    const other = join(folder, 'other');
    const plain = join(folder, 'plain');
    mkdirSync(other);
    mkdirSync(plain);
    const links = [directory, plain, join(folder, 'gone')].map((path) => ({ directory: path, tree: other }));
    await relinkLayers(engineHost, links);
    expect(readlinkSync(directory)).toBe(other);
    expect(statSync(plain).isDirectory()).toBe(true);
    expect(existsSync(join(folder, 'gone'))).toBe(false);
  });

  test('are not made to a symbolic link in place of a tree', async () => {
    const real = join(folder, 'real');
    mkdirSync(real);
    for (const target of ['/', real, 'real', '.', '/nonexistent']) {
      rmSync(tree, { recursive: true });
      symlinkSync(target, tree);
      await expect(linkLayers(engineHost, [{ directory, tree }])).rejects.toMatchObject({
        code: 'MOUNT_FAILED',
      });
      expect(lstatSync(directory).isDirectory()).toBe(true);
    }
    const link = join(folder, 'link');
    symlinkSync(real, link);
    await expect(relinkLayers(engineHost, [{ directory: link, tree }])).rejects.toMatchObject({
      code: 'MOUNT_FAILED',
    });
    expect(readlinkSync(link)).toBe(real);
  });

  test.each(['file', 'fifo'])('are not made to a %s', async (kind) => {
    rmSync(tree, { recursive: true });
    if (kind === 'file') writeFileSync(tree, '');
    else await runProgram(['mkfifo', tree]);
    await expect(linkLayers(engineHost, [{ directory, tree }])).rejects.toMatchObject({
      code: 'MOUNT_FAILED',
    });
    expect(lstatSync(directory).isDirectory()).toBe(true);
  });

  test('need no command for an empty list', async () => {
    await expect(linkLayers({ ...engineHost, run: unused }, [])).resolves.toBeUndefined();
  });
});

describe('a script on the engine side', () => {
  test('resolves with its output, or fails with MOUNT_FAILED and its error output', async () => {
    expect(await runScript(byShell, 'echo "$((1+1))"', 'add')).toBe('2\n');
    const failure = runScript(byShell, 'echo oops >&2; exit 3', 'mount it');
    await expect(failure).rejects.toMatchObject({ code: 'MOUNT_FAILED' });
    await expect(failure).rejects.toThrow(/mount it.*oops/);
  });
});
