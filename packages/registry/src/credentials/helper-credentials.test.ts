import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createHelperCredentials } from './helper-credentials.ts';
import { createHelperRunner } from './run-helper.ts';

const secret = 'planted-helper-output';

const programs: Readonly<Record<string, string>> = {
  good: `read server; echo "{\\"ServerURL\\":\\"$server\\",\\"Username\\":\\"$1\\",\\"Secret\\":\\"for $server\\"}"`,
  token: `echo '{"Username":"<token>","Secret":"refresh"}'`,
  none: `echo 'credentials not found in native keychain'; exit 1`,
  empty: `echo '{"Username":"","Secret":""}'`,
  crashing: `echo ${secret}; echo ${secret} >&2; exit 7`,
  talking: `echo '${secret} {'`,
  partial: `echo '{"Username":"${secret}"}'`,
  killed: `echo ${secret}; kill -9 $$`,
  hanging: `exec sleep 600`,
  deaf: `exec 0<&-; echo '{"Username":"u","Secret":"s"}'`,
  endless: `while :; do echo ${secret.repeat(50)}; done`,
};

describe('credential helpers', () => {
  let directory = '';
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'drayage-helpers-'));
    for (const [name, script] of Object.entries(programs)) {
      const path = join(directory, `docker-credential-${name}`);
      await writeFile(path, `#!/bin/sh\n${script}\n`);
      await chmod(path, 0o755);
    }
    await writeFile(join(directory, 'docker-credential-forbidden'), '');
  });
  afterAll(() => rm(directory, { recursive: true }));

  const setting = 'credsStore in /home/me/.docker/config.json';
  const ask = (name: string, timeoutMs = 30_000): Promise<unknown> => {
    const env = { PATH: `${directory}:/usr/bin:/bin` };
    const helpers = createHelperCredentials(createHelperRunner({ env, timeoutMs }));
    return helpers.ask({ name, source: setting }, 'r.test:5000');
  };

  test('get the server on standard input', async () => {
    await expect(ask('good')).resolves.toEqual({
      kind: 'basic',
      username: 'get',
      password: 'for r.test:5000',
      source: `docker-credential-good (${setting})`,
    });
  });

  test('may give an identity token', async () => {
    await expect(ask('token')).resolves.toMatchObject({ kind: 'identityToken', token: 'refresh' });
  });

  test.each(['none', 'empty'])('may have nothing: %s', async (name) => {
    await expect(ask(name)).resolves.toBeUndefined();
  });

  test('can ignore their input', async () => {
    await expect(ask('deaf')).resolves.toMatchObject({ username: 'u' });
  });

  test.each([
    'missing',
    'forbidden',
    'crashing',
    'talking',
    'partial',
    'killed',
    'endless',
    '../docker-credential-good',
    'a b',
    'x;id',
  ])('that fail are named with host and setting, and their output is not shown: %s', async (name) => {
    const error: unknown = await ask(name).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'CREDENTIALS_INVALID' });
    for (const text of [name, 'r.test:5000', setting]) {
      expect(error).toHaveProperty('message', expect.stringContaining(text));
    }
    expect(inspect(error, { depth: 20, showHidden: true })).not.toContain(secret);
  });

  test('that hang are ended', async () => {
    await expect(ask('hanging', 50)).rejects.toMatchObject({ code: 'CREDENTIALS_INVALID' });
  });

  test('are asked again after a minute', async () => {
    let runs = 0;
    let now = 0;
    const helpers = createHelperCredentials(
      async () => {
        runs += 1;
        return { kind: 'exited', exitCode: 0, output: '{"Username":"u","Secret":"s"}' };
      },
      () => now,
    );
    const helper = { name: 'x', source: 'credsStore' };
    await helpers.ask(helper, 'r.test');
    now = 59_000;
    await helpers.ask(helper, 'r.test');
    expect(runs).toBe(1);
    now = 60_000;
    await helpers.ask(helper, 'r.test');
    expect(runs).toBe(2);
  });
});
