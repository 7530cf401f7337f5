import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { temporaryDirectory, type TemporaryDirectory } from '@drayage/core/testing';
import { startFaultyRegistry, type FaultyRegistry } from '@drayage/registry/testing';
import { addImage, runDray, type Ended } from '../testing/run-dray.ts';

const fixtures = join(import.meta.dirname, '..', '..', 'fixtures', 'as-docker-does');

describe('images that files name are pre-pulled as Docker would pull them', () => {
  let directory: TemporaryDirectory;
  let registry: FaultyRegistry;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    registry = await startFaultyRegistry();
  });

  afterEach(async () => {
    await registry.close();
    await directory.remove();
  });

  /** Pre-pulls what a fixture names from the registry here. */
  async function prepull(fixture: string, name: string, platform = 'linux/amd64'): Promise<Ended> {
    const text = await readFile(join(fixtures, fixture), 'utf8');
    await mkdir(join(directory.path, 'app'), { recursive: true });
    await writeFile(join(directory.path, 'app', name), text.replaceAll('REGISTRY', registry.host));
    const argv = ['prepull', '--from', join(directory.path, 'app', name), '--platform', platform, '--json'];
    return runDray(argv, { cwd: directory.path });
  }

  /** Expects exactly these images, ready. */
  function expectReady({ exitCode, stdout, stderr }: Ended, names: readonly string[]): void {
    if (exitCode !== 0) throw new Error(stderr);
    const images = names.map((name) => ({ reference: `${registry.host}/${name}`, state: 'ready' }));
    expect(JSON.parse(stdout)).toMatchObject({ images });
  }

  test('what one service builds and another starts from is not asked of the registry', async () => {
    addImage(registry, 'ok', ['1']);
    expectReady(await prepull('compose-built-base.yaml', 'compose.yaml'), ['ok:1']);
    expect(registry.log.filter(({ path }) => path.includes('acme'))).toEqual([]);
  });

  test('a stage that no target needs is not required', async () => {
    addImage(registry, 'ok', ['1'], 1);
    addImage(registry, 'pretty', ['1'], 2);
    expectReady(await prepull('unneeded-stage.yaml', 'compose.yaml'), ['ok:1', 'pretty:1']);
  });

  test('GitLab merges extends before it resolves !reference', async () => {
    for (const [seed, name] of ['base:1', 'svc:1', 'b:latest', 'c:three-'].entries()) {
      const [repository = '', tag = ''] = name.split(':');
      addImage(registry, `acme/${repository}`, [tag], seed + 1);
    }
    const fixture = 'gitlab-reference-after-extends.gitlab-ci.yml';
    expectReady(await prepull(fixture, '.gitlab-ci.yml'), [
      'acme/base:1',
      'acme/b:latest',
      'acme/svc:1',
      'acme/c:three-',
    ]);
  });

  test('the platform of a service is the one that is pre-pulled, in a run for it', async () => {
    addImage(registry, 'arm8', ['1'], 1, { os: 'linux', architecture: 'arm64', variant: 'v8' });
    const fixture = 'platform-from-file.yaml';
    expectReady(await prepull(fixture, 'compose.yaml', 'linux/arm64'), ['arm8:1']);
    const other = await prepull(fixture, 'compose.yaml');
    expectReady(other, []);
    expect(other.stderr).toContain('is left out: this run is for linux/amd64');
  });
});
