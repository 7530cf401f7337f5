import { chmod, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { startFaultyRegistry, type FaultyRegistry } from '@drayage/registry/testing';

import { dray, reportOf, type DrayOptions } from './support/dray.ts';
import { engineVariants, startEngine, type TestEngine } from './support/engines.ts';
import { serveImage } from './support/faulty-images.ts';
import { makeFolder, removeFolder } from './support/folders.ts';
import { busyboxLayer, pushImage, type ImageSpec } from './support/images.ts';
import type { Finished } from './support/processes.ts';
import { startRegistry, type TestRegistry } from './support/registry.ts';
import { describeWith } from './support/requirements.ts';

const [variant = { name: 'path', imageStore: 'classic' } as const] = engineVariants;

/** Each is planted in another place; none may ever be seen again. */
const secrets = {
  login: 'planted-login-password',
  helper: 'planted-helper-password',
  bearer: 'planted-bearer-password',
  variable: 'planted-variable-token',
  output: 'planted-helper-output',
} as const;

function saying(text: string): ImageSpec {
  return { layers: [busyboxLayer(), [{ path: 'said', content: text }]], config: { Cmd: ['cat', '/said'] } };
}

describeWith({ engine: variant, registry: true }, 'a pipeline with private registries', () => {
  let locked: TestRegistry;
  let helped: TestRegistry;
  let tokens: FaultyRegistry;
  let engine: TestEngine;
  let folder: string;
  let options: DrayOptions;
  let tokenImage: string;

  beforeAll(async () => {
    engine = await startEngine(variant);
    locked = await startRegistry({ htpasswd: { user: 'ci', password: secrets.login } });
    helped = await startRegistry({ htpasswd: { user: 'helper', password: secrets.helper } });
    tokens = await startFaultyRegistry({
      auth: { kind: 'bearer', user: { username: 'robot', password: secrets.bearer }, usesPerToken: 3 },
    });
    tokenImage = (await serveImage(tokens, 'team/token:1', saying('token'))).reference;
    await pushImage(locked, 'team/base:main', saying('main'));
    await pushImage(locked, 'team/base:feature-login', saying('branch'));
    await pushImage(helped, 'team/db:16.3', saying('16.3'));
    await pushImage(helped, 'team/db:16.10', saying('16.10'));
    await pushImage(helped, 'team/db:17.0', saying('17.0'));
  });

  afterAll(async () => {
    await engine.stop();
    await locked.stop();
    await helped.stop();
    await tokens.close();
  });

  beforeEach(async () => {
    folder = makeFolder();
    await engine.docker(['system', 'prune', '--all', '--force']);
    const config = join(folder, 'docker');
    const bin = join(folder, 'bin');
    await mkdir(config);
    await mkdir(bin);
    await writeFile(join(bin, 'docker-credential-planted'), helperScript());
    await chmod(join(bin, 'docker-credential-planted'), 0o755);
    const auth = Buffer.from(`robot:${secrets.bearer}`).toString('base64');
    await writeFile(
      join(config, 'config.json'),
      JSON.stringify({ credHelpers: { [helped.host]: 'planted' }, auths: { [tokens.host]: { auth } } }),
    );
    options = {
      host: engine.host,
      cwd: folder,
      env: {
        DOCKER_CONFIG: config,
        PATH: `${bin}:${engine.env['PATH'] ?? process.env['PATH'] ?? ''}`,
        CIRCLE_BRANCH: 'feature/Login',
        DEPLOY_TOKEN: secrets.variable,
        REGISTRY_PASSWORD: secrets.login,
      },
    };
  });

  afterEach(() => removeFolder(folder));

  function helperScript(): string {
    return `#!/bin/sh\ncat >/dev/null\necho '{"ServerURL":"","Username":"helper","Secret":"${secrets.helper}"}'\n`;
  }

  async function configure(...more: readonly string[]): Promise<void> {
    const lines = [
      'images:',
      `  - image: ${locked.host}/team/base`,
      '    tags: ["${CIRCLE_BRANCH|slug}", main]',
      '    as: base:ci',
      `  - image: ${helped.host}/team/db`,
      '    tags: ["^16"]',
      `  - ${tokenImage}`,
      `  - {image: "${locked.host}/team/none:1", optional: true}`,
      'prepare:',
      '  - echo "the token is $DEPLOY_TOKEN"',
      `  - echo "$REGISTRY_PASSWORD" | docker login --username ci --password-stdin ${locked.host}`,
      ...more,
    ];
    await writeFile(join(folder, '.dray.yml'), `${lines.join('\n')}\n`);
  }

  async function expectNoSecrets(...outputs: readonly Finished[]): Promise<void> {
    const bundle = join(folder, '.dray', 'bundle');
    const documents = ['index.json', 'dray-status.json'].map((name) =>
      readFile(join(bundle, name), 'utf8').catch(() => ''),
    );
    const texts = [
      ...outputs.flatMap(({ stdout, stderr }) => [stdout, stderr]),
      ...(await Promise.all(documents)),
    ];
    for (const secret of Object.values(secrets)) {
      for (const form of [secret, Buffer.from(`robot:${secret}`).toString('base64')]) {
        expect(texts.filter((text) => text.includes(form))).toEqual([]);
      }
    }
  }

  const runImage = async (image: string): Promise<string> =>
    (await engine.docker(['run', '--rm', '--network', 'none', image])).stdout;

  test('finds every image: by branch, by range, behind a helper, a login and a token server', async () => {
    await configure();
    const prepulled = await dray(['prepull', '--json'], options);
    expect([prepulled.exitCode, prepulled.stderr]).toEqual([0, expect.stringContaining('the token is ***')]);
    expect(reportOf('prepull', prepulled).images.map(({ reference, state }) => [reference, state])).toEqual([
      [`${locked.host}/team/base:feature-login`, 'ready'],
      [`${helped.host}/team/db:16.10`, 'ready'],
      [tokenImage, 'ready'],
      [`${locked.host}/team/none:1`, 'skipped'],
    ]);
    const loaded = await dray(['load', '--json'], options);
    expect(reportOf('load', loaded)).toMatchObject({ outcome: 'hit' });
    expect(await runImage('base:ci')).toBe('branch');
    expect(await runImage(`${locked.host}/team/base:feature-login`)).toBe('branch');
    expect(await runImage(`${helped.host}/team/db:16.10`)).toBe('16.10');
    expect(await runImage(tokenImage)).toBe('token');
    await expectNoSecrets(
      prepulled,
      loaded,
      await dray(['plan', '--json'], options),
      await dray(['plan', '--verbose'], options),
    );
  });

  test('takes the fallback tag on a branch that has none', async () => {
    await configure();
    const env = { ...options.env, CIRCLE_BRANCH: 'other/branch' };
    const prepulled = await dray(['prepull', '--json'], { ...options, env });
    expect(reportOf('prepull', prepulled).images[0]?.reference).toBe(`${locked.host}/team/base:main`);
    await dray(['load', '--only', 'base:ci', '--strict'], { ...options, env });
    expect(await runImage('base:ci')).toBe('main');
  });

  test('pre-pulls nothing where it will not be used, and the deploy side does not wait', async () => {
    await configure('only: {branches: [main]}');
    const env = { ...options.env, DRAY_BRANCH: 'feature/Login' };
    const prepulled = await dray(['prepull', '--json'], { ...options, env });
    expect([prepulled.exitCode, reportOf('prepull', prepulled).images]).toEqual([0, []]);
    const loaded = await dray(['load', '--strict', '--json', '--grace', '1h'], options);
    expect([loaded.exitCode, reportOf('load', loaded).images]).toEqual([0, []]);
  });

  test('names the registry and the source of the credentials if a password is wrong', async () => {
    await configure();
    const auth = Buffer.from('ci:wrong-planted').toString('base64');
    await writeFile(
      join(folder, 'docker', 'config.json'),
      JSON.stringify({ auths: { [locked.host]: { auth } } }),
    );
    const refused = await dray(
      ['prepull', `${locked.host}/team/base:main`, '--config', '/dev/null', '--json'],
      options,
    );
    expect(refused.exitCode).toBe(3);
    const [failed] = reportOf('prepull', refused).images;
    expect(failed?.error?.code).toBe('REGISTRY_UNAUTHORIZED');
    expect(failed?.error?.message).toContain(locked.host);
    expect(failed?.error?.message).toContain('config.json');
    expect(refused.stdout + refused.stderr).not.toContain('wrong-planted');
  });

  test.each([
    ['fails', 'exit 7', 'exit 7'],
    ['hangs', '{run: sleep 600, timeout: 1s}', 'sleep 600'],
  ])('a preparation command that %s ends the pre-pull as failed, by name', async (_, command, named) => {
    await configure();
    const config = await readFile(join(folder, '.dray.yml'), 'utf8');
    await writeFile(
      join(folder, '.dray.yml'),
      config.replace(/prepare:[\s\S]*/, `prepare:\n  - ${command}\n`),
    );
    const failed = await dray(['prepull', '--json'], options);
    expect(failed.exitCode).toBe(3);
    const report = reportOf('prepull', failed);
    expect(report).toMatchObject({ outcome: 'failed', error: { code: 'PREPARE_FAILED' } });
    expect(report.error?.message).toContain(named);
    const status = await readFile(join(folder, '.dray', 'bundle', 'dray-status.json'), 'utf8');
    expect(JSON.parse(status)).toMatchObject({ state: 'failed', error: { code: 'PREPARE_FAILED' } });
    await expectNoSecrets(failed);
  });

  test('a helper that is missing or crashes is named', async () => {
    await configure();
    await writeFile(
      join(folder, 'bin', 'docker-credential-planted'),
      `#!/bin/sh\necho ${secrets.output}\nexit 3\n`,
    );
    const crashed = await dray(['prepull', '--json'], options);
    expect(crashed.exitCode).toBe(3);
    expect(crashed.stderr).toContain('docker-credential-planted');
    await expectNoSecrets(crashed);
  });

  test('a range without a matching tag is an error that lists existing tags', async () => {
    await configure();
    const none = await dray(['prepull', `${helped.host}/team/db:^99`, '--json'], options);
    expect(none.exitCode).toBe(3);
    const failed = reportOf('prepull', none).images.find(({ state }) => state === 'failed');
    expect(failed?.error?.code).toBe('TAG_NOT_FOUND');
    expect(failed?.error?.message).toContain('^99');
  });

  test('pulls exactly what the lock says, and reports drift', async () => {
    await configure();
    expect((await dray(['lock'], options)).exitCode).toBe(0);
    const lock = await readFile(join(folder, 'dray.lock'), 'utf8');
    await pushImage(helped, 'team/db:16.11', saying('16.11'));
    expect((await dray(['lock', '--check'], options)).exitCode).toBe(3);
    const frozen = await dray(['prepull', '--frozen', '--json'], options);
    expect(frozen.exitCode).toBe(0);
    const database = reportOf('prepull', frozen).images.find(({ reference }) => reference.includes('/db:'));
    expect(database?.reference).toBe(`${helped.host}/team/db:16.10`);
    expect(lock).toContain(database?.manifestDigest ?? 'no digest');
    await dray(['load', '--strict'], options);
    expect(await runImage(`${helped.host}/team/db:16.10`)).toBe('16.10');
    const drifted = await dray(['prepull', `${locked.host}/team/base:main`, '--frozen', '--json'], options);
    expect(drifted.exitCode).toBe(2);
    expect(drifted.stderr).toContain('team/base:main');
  });

  test('finds images in the files of other tools, and says where', async () => {
    await writeFile(
      join(folder, 'compose.yaml'),
      `services:\n  db:\n    image: ${helped.host}/team/db:17.0\n  built: {build: .}\n`,
    );
    await writeFile(
      join(folder, 'Dockerfile'),
      `ARG TAG=main\nFROM ${locked.host}/team/base:\${TAG} AS build\nRUN true\n`,
    );
    await configure('from: [compose.yaml]');
    const planned = await dray(['plan', '--json'], options);
    expect(planned.exitCode).toBe(0);
    const text = planned.stdout;
    expect(text).toContain('compose.yaml:3');
    expect(text).toContain('Dockerfile:2');
  });

  test('leaves no secret in any file of the bundle', async () => {
    await configure();
    await dray(['prepull'], options);
    const blobs = join(folder, '.dray', 'bundle', 'blobs', 'sha256');
    for (const name of await readdir(blobs)) {
      const bytes = await readFile(join(blobs, name));
      for (const secret of Object.values(secrets)) expect(bytes.includes(secret)).toBe(false);
    }
  });
});
