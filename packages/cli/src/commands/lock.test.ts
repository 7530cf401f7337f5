import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { temporaryDirectory, type TemporaryDirectory } from '@drayage/core/testing';
import { startFaultyRegistry, type FaultyRegistry } from '@drayage/registry/testing';
import { addImage, runDray, type Ended } from '../testing/run-dray.ts';

describe('a lock', () => {
  let directory: TemporaryDirectory;
  let registry: FaultyRegistry;
  let first: string;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    registry = await startFaultyRegistry();
    first = addImage(registry, 'db', ['16.1.0'], 1);
    addImage(registry, 'app', ['1'], 2);
    await configure(`optional: ["${registry.host}/next:1"]`);
    await dray(['lock', '--platforms', 'linux/amd64']);
  });

  afterEach(async () => {
    await registry.close();
    await directory.remove();
  });

  const dray = (argv: readonly string[]): Promise<Ended> => runDray(argv, { cwd: directory.path });
  const lockText = (): Promise<string> => readFile(join(directory.path, 'dray.lock'), 'utf8');
  const prepull = ['prepull', '--platform', 'linux/amd64', '--frozen', '--json'];

  async function configure(more: string): Promise<void> {
    const text = `images:\n  - ${registry.host}/db:^16\n  - image: ${registry.host}/app:1\n    only: [main]\n${more}\n`;
    await writeFile(join(directory.path, '.dray.yml'), text);
  }

  test('says what each image is, for every branch', async () => {
    const { host } = registry;
    expect(JSON.parse(await lockText())).toMatchObject({
      version: 1,
      images: {
        [`${host}/app:1`]: { 'linux/amd64': expect.stringContaining(`${host}/app:1@sha256:`) },
        [`${host}/db:^16`]: { 'linux/amd64': `${host}/db:16.1.0@${first}` },
        [`${host}/next:1`]: { 'linux/amd64': null },
      },
    });
    const checked = await dray(['lock', '--check', '--json']);
    expect([checked.exitCode, JSON.parse(checked.stdout)]).toMatchObject([0, { ok: true, drifts: [] }]);
  });

  test('fixes the images of a frozen pre-pull', async () => {
    addImage(registry, 'db', ['16.1.0', '16.2.0'], 3);
    const ended = await dray(prepull);
    expect([ended.exitCode, JSON.parse(ended.stdout)]).toMatchObject([
      0,
      { images: [{ reference: `${registry.host}/db:16.1.0`, manifestDigest: first }, { state: 'skipped' }] },
    ]);
  });

  test('is checked against the registry and the configuration', async () => {
    addImage(registry, 'db', ['16.2.0'], 3);
    await configure(`optional: ["${registry.host}/other:1"]`);
    const before = await lockText();
    const checked = await dray(['lock', '--check', '--json']);
    expect([checked.exitCode, JSON.parse(checked.stdout)]).toMatchObject([
      3,
      {
        drifts: [
          { kind: 'moved', text: `${registry.host}/db:^16` },
          { kind: 'not-locked', text: `${registry.host}/other:1` },
          { kind: 'not-wanted', text: `${registry.host}/next:1` },
        ],
      },
    ]);
    expect((await dray(['lock', '--check'])).stdout).toContain(`${registry.host}/other:1`);
    expect(await lockText()).toBe(before);
    await dray(['lock']);
    expect((await dray(['lock', '--check'])).exitCode).toBe(0);
  });

  test.each([
    ['an image that it lacks', [...prepull, 'new:1']],
    ['a platform that it lacks', [...prepull, '--platform', 'linux/s390x']],
  ])('that does not cover %s is drift', async (_, argv) => {
    const ended = await dray(argv);
    expect([ended.exitCode, JSON.parse(ended.stdout)]).toMatchObject([2, { error: { code: 'LOCK_DRIFT' } }]);
    expect(ended.stderr).toContain('dray lock');
  });

  test('is unchanged if an image cannot be locked', async () => {
    const before = await lockText();
    await configure(`loadOnly: []\nfrozen: false\noptional: []\nmirrors: []\nprepare: "true"`);
    await registry.close();
    const ended = await dray(['lock', '--json']);
    expect([ended.exitCode, JSON.parse(ended.stdout)]).toMatchObject([3, { written: false }]);
    expect(await lockText()).toBe(before);
  });

  test('that cannot be read is refused, and replaced on demand', async () => {
    await writeFile(join(directory.path, 'dray.lock'), '<<<<<<< ours\n');
    for (const argv of [prepull, ['lock', '--check', '--json']]) {
      const ended = await dray(argv);
      expect([ended.exitCode, JSON.parse(ended.stdout)]).toMatchObject([
        2,
        { error: { code: 'LOCK_INVALID' } },
      ]);
    }
    expect((await dray(['lock', '--platforms', 'linux/amd64'])).exitCode).toBe(0);
    expect((await dray(prepull)).exitCode).toBe(0);
  });
});
