import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { makeFolder, removeFolder } from './support/folders.ts';
import { runOrThrow } from './support/processes.ts';

const command = fileURLToPath(new URL('../packages/cli', import.meta.url));

describe('the packed command line', () => {
  let folder: string;
  let tarball: string;

  beforeAll(async () => {
    folder = makeFolder();
    await npm(['pack', '--pack-destination', folder], command);
    tarball = join(folder, readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? 'no tarball');
  });

  afterAll(() => removeFolder(folder));

  test('needs no other package, and installs as dray', async () => {
    const prefix = join(folder, 'global');
    await npm(['install', '--global', '--offline', '--prefix', prefix, tarball], folder);
    const { stdout } = await runOrThrow(join(prefix, 'bin', 'dray'), ['--version']);
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    const help = await runOrThrow(join(prefix, 'bin', 'dray'), ['prepull', '--help']);
    expect(help.stdout).toContain('--bundle');
    expect(existsSync(join(prefix, 'lib/node_modules/drayage/dist/THIRD-PARTY-LICENSES'))).toBe(true);
  });

  test('runs through npx', async () => {
    const { stdout } = await runOrThrow(
      'npx',
      ['--offline', '--yes', '--package', tarball, 'dray', '--version'],
      {
        cwd: folder,
        env: { npm_config_cache: join(folder, 'npm-cache'), NODE_OPTIONS: undefined },
      },
    );
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

async function npm(args: readonly string[], cwd: string): Promise<void> {
  await runOrThrow('npm', [...args, '--silent'], { cwd, env: { NODE_OPTIONS: undefined } });
}
