import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { digestOf, hexOf } from '@drayage/core';
import type { PackRootEntry } from '@drayage/core/bundle';
import { runProgram, shellCommand } from '@drayage/host';
import { packMountPoint } from './pack-folder.ts';
import { findRefusedPacks, listRoots, parseRoots } from './pack-roots.ts';
import { readPackRoot } from './read-pack-root.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "dray unit '"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** Lists the root with a shell, which also reports that nothing is mounted there. */
async function byShell(shell: readonly string[]): Promise<readonly PackRootEntry[]> {
  const script = [listRoots, shellCommand(['roots', folder])].join('\n');
  const { stdout, stderr } = await runProgram([...shell, '-c', script]);
  expect(stderr).toBe('');
  const [first, ...entries] = parseRoots(stdout).get(folder) ?? [];
  expect(first).toEqual({ name: 'not-mounted', kind: 'unknown entry' });
  return entries;
}

describe.each([
  ['a shell', () => byShell(['sh'])],
  ['this process', () => readPackRoot(folder)],
])('the root of a pack, listed by %s', (by, list) => {
  const listed = async (): Promise<readonly PackRootEntry[]> =>
    (await list()).toSorted((one, other) => (one.name < other.name ? -1 : 1));

  test('shows the kind of each entry and follows no link', async () => {
    const layer = hexOf(digestOf('layer'));
    mkdirSync(join(folder, layer));
    writeFileSync(join(folder, 'file'), '');
    symlinkSync('/', join(folder, 'link'));
    symlinkSync(layer, join(folder, '.link'));
    symlinkSync('/nonexistent', join(folder, '..link'));
    await runProgram(['mkfifo', join(folder, 'pipe')]);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(join(folder, 'socket'), resolve));
    try {
      expect(await listed()).toEqual(
        [
          { name: '..link', kind: 'symbolic link' },
          { name: '.link', kind: 'symbolic link' },
          { name: layer, kind: 'directory' },
          { name: 'file', kind: 'regular file' },
          { name: 'link', kind: 'symbolic link' },
          { name: 'pipe', kind: 'fifo' },
          { name: 'socket', kind: 'socket' },
        ].toSorted((one, other) => (one.name < other.name ? -1 : 1)),
      );
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });

  test('can be empty', async () => {
    expect(await list()).toEqual([]);
  });

  test('is listed once with any names, and none of these looks like a layer', async () => {
    const layer = hexOf(digestOf('layer'));
    const names = [`x\nd ${layer}`, `${layer}\n`, '-n', '*', "it's", '$(id)', '\\0'];
    for (const name of names) mkdirSync(join(folder, name));
    const found = await list();
    expect(found).toHaveLength(names.length);
    expect(found.map(({ name }) => name)).not.toContain(layer);
    expect(by === 'a shell' ? found.every(({ name }) => /^[\w.?-]+$/.test(name)) : true).toBe(true);
  });
});

describe('listed packs', () => {
  const diffIds = [digestOf('one'), digestOf('two')];
  const pack = (name: string): Parameters<typeof findRefusedPacks>[1][number] => {
    return { digest: digestOf(name), diffIds };
  };
  const trees = diffIds.map((diffId) => `d ${hexOf(diffId)}`);
  const rootLine = (name: string): string => `root ${packMountPoint('/run/f', digestOf(name))}`;

  test('are judged one by one', () => {
    const printed = [
      ...[rootLine('good'), ...trees],
      ...[rootLine('link'), trees[0] ?? '', `l ${hexOf(digestOf('two'))}`],
      ...[rootLine('nested'), 'm mounted-inside', ...trees],
    ].join('\n');
    const packs = ['good', 'link', 'nested', 'not listed'].map(pack);
    const refused = findRefusedPacks('/run/f', packs, printed);
    expect(refused.map(({ digest }) => digest)).toEqual(
      ['link', 'nested', 'not listed'].map((n) => digestOf(n)),
    );
    expect(refused.map(({ error }) => error.code)).toEqual(['PACK_INVALID', 'PACK_INVALID', 'PACK_INVALID']);
  });
});
