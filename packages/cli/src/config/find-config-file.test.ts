import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { temporaryDirectory, type TemporaryDirectory } from '@drayage/core/testing';
import { findConfigFile, readConfigFile } from './find-config-file.ts';

describe('the configuration file', () => {
  let outside: TemporaryDirectory;
  let root: string;
  let cwd: string;

  beforeEach(async () => {
    outside = await temporaryDirectory();
    root = join(outside.path, 'repository');
    cwd = join(root, 'packages', 'app');
    await mkdir(cwd, { recursive: true });
    await mkdir(join(root, '.git'));
  });

  afterEach(() => outside.remove());

  test('is the nearest one up to the root of the repository', async () => {
    await writeFile(join(root, '.dray.yml'), 'bundle: root');
    expect((await findConfigFile(cwd))?.path).toBe(join(root, '.dray.yml'));
    await writeFile(join(cwd, '.dray.yml'), 'bundle: near');
    expect((await findConfigFile(cwd))?.text).toBe('bundle: near');
  });

  test('is never one above the repository', async () => {
    await writeFile(join(outside.path, '.dray.yml'), 'bundle: foreign');
    expect(await findConfigFile(cwd)).toBeUndefined();
  });

  test('is looked for only here when there is no repository', async () => {
    await writeFile(join(outside.path, '.dray.yml'), 'bundle: foreign');
    const inner = join(outside.path, 'inner');
    await mkdir(inner);
    expect(await findConfigFile(inner)).toBeUndefined();
    expect((await findConfigFile(outside.path))?.text).toBe('bundle: foreign');
  });

  test('can be a package.json with the key', async () => {
    await writeFile(join(cwd, 'package.json'), '{"name": "dray", "bin": {"dray": "x"}}');
    await writeFile(join(root, 'package.json'), '{"dray": {"bundle": "x"}}');
    expect((await findConfigFile(cwd))?.path).toBe(join(root, 'package.json'));
  });

  test('ignores a package.json that is not JSON', async () => {
    await writeFile(join(cwd, 'package.json'), '{"dray": ');
    expect(await findConfigFile(cwd)).toBeUndefined();
  });

  test('must exist if it is named', async () => {
    await expect(readConfigFile(join(cwd, 'none.yml'))).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('none.yml'),
    });
    await expect(readConfigFile(cwd)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});
