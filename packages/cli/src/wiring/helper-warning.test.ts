import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { temporaryDirectory, type TemporaryDirectory } from '@drayage/core/testing';
import { startFaultyRegistry, type FaultyRegistry } from '@drayage/registry/testing';
import { addImage, runDray, type Ended } from '../testing/run-dray.ts';

describe('a pre-pull whose credential helper is not installed', () => {
  let directory: TemporaryDirectory;
  const registries: FaultyRegistry[] = [];
  beforeEach(async () => {
    directory = await temporaryDirectory();
    await writeFile(join(directory.path, 'config.json'), '{"auths":{},"credsStore":"desktop"}');
  });
  afterEach(async () => {
    for (const registry of registries.splice(0)) await registry.close();
    await directory.remove();
  });

  const prepull = async (options: Parameters<typeof startFaultyRegistry>[0]): Promise<Ended> => {
    const registry = await startFaultyRegistry(options);
    registries.push(registry);
    addImage(registry, 'app', ['1', '2']);
    const names = ['1', '2'].map((tag) => `${registry.host}/app:${tag}`);
    const env = { DOCKER_CONFIG: directory.path };
    return runDray(['prepull', ...names], { cwd: directory.path, env });
  };
  const both = (text: string): boolean =>
    text.includes('docker-credential-desktop') && text.includes(join(directory.path, 'config.json'));

  test('goes on anonymously and warns once', async () => {
    const { exitCode, stderr } = await prepull({ auth: { kind: 'bearer' } });
    expect(exitCode).toBe(0);
    expect(stderr.split('\n').filter((line) => line.includes('warning') && both(line))).toHaveLength(1);
  });

  test('names helper and file in the error when the registry refuses', async () => {
    const { exitCode, stderr } = await prepull({ auth: { kind: 'basic', username: 'u', password: 'p' } });
    expect(exitCode).not.toBe(0);
    expect(stderr.split('\n').filter((line) => line.includes('failed:') && both(line))).toHaveLength(2);
  });
});
