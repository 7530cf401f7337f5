import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { DrayError } from '@drayage/core';
import type { RegistryAuth } from '../testing/guard.ts';
import { startFixture } from '../testing/fixture.ts';
import { createCredentials } from './create-credentials.ts';
import { createHelperRunner } from './run-helper.ts';

const anonymous: RegistryAuth = { kind: 'bearer' };
const login: RegistryAuth = { kind: 'basic', username: 'user', password: 'secret' };

describe('a credential helper that gives nothing', () => {
  let home = '';
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'drayage-helper-'));
    await mkdir(join(home, '.docker'));
    await mkdir(join(home, 'bin'));
  });
  afterEach(() => rm(home, { recursive: true }));

  const scripts: Readonly<Record<string, string | undefined>> = {
    'not installed': undefined,
    crashing: 'exit 7',
    'printing garbage': 'echo "{"',
    hanging: 'exec sleep 600',
    killed: 'kill -9 $$',
  };
  const settings: Readonly<Record<string, (host: string) => object>> = {
    credsStore: () => ({ auths: {}, credsStore: 'planted' }),
    credHelpers: (host) => ({ credHelpers: { [host]: 'planted' } }),
  };
  const cases = Object.entries(scripts).flatMap(([state, script]) =>
    Object.keys(settings).map((setting) => [state, setting, script] as const),
  );

  const start = async (
    auth: RegistryAuth,
    setting: string,
    script: string | undefined,
    more: (host: string) => object = () => ({}),
  ): Promise<{ fixture: Awaited<ReturnType<typeof startFixture>>; warnings: string[] }> => {
    const warnings: string[] = [];
    const env = { PATH: `${join(home, 'bin')}:/usr/bin:/bin` };
    const credentials = createCredentials({
      env,
      homeDir: home,
      runHelper: createHelperRunner({ env, timeoutMs: 200 }),
      onHelperFailure: (error: DrayError) => warnings.push(error.message),
    });
    const fixture = await startFixture({ auth, source: { credentials } });
    const { host } = fixture.registry;
    const document = { ...settings[setting]?.(host), ...more(host) };
    await writeFile(join(home, '.docker', 'config.json'), JSON.stringify(document));
    if (script !== undefined) {
      const program = join(home, 'bin', 'docker-credential-planted');
      await writeFile(program, `#!/bin/sh\n${script}\n`);
      await chmod(program, 0o755);
    }
    return { fixture, warnings };
  };

  test.each(cases)('is warned of once, and the pull is anonymous: %s, %s', async (_, setting, script) => {
    const { fixture, warnings } = await start(anonymous, setting, script);
    try {
      await expect(fixture.source.resolve(fixture.reference)).resolves.toEqual(fixture.manifest);
      await fixture.source.fetchManifest(fixture.reference, fixture.manifest);
      expect(warnings).toHaveLength(1);
      for (const text of ['docker-credential-planted', setting, join(home, '.docker', 'config.json')]) {
        expect(warnings[0]).toContain(text);
      }
    } finally {
      await fixture.close();
    }
  });

  test.each(cases)('is named when the registry refuses: %s, %s', async (_, setting, script) => {
    const { fixture, warnings } = await start(login, setting, script);
    try {
      const error: unknown = await fixture.source
        .resolve(fixture.reference)
        .catch((caught: unknown) => caught);
      expect(error).toMatchObject({ code: 'REGISTRY_UNAUTHORIZED' });
      const texts = [
        fixture.registry.host,
        'docker-credential-planted',
        join(home, '.docker', 'config.json'),
      ];
      for (const text of texts) expect(error).toHaveProperty('message', expect.stringContaining(text));
      expect(warnings).toHaveLength(1);
    } finally {
      await fixture.close();
    }
  });

  test('leaves the login that the file itself has', async () => {
    const auth = Buffer.from('user:secret').toString('base64');
    const { fixture } = await start(login, 'credsStore', undefined, (host) => ({
      auths: { [host]: { auth } },
    }));
    try {
      await expect(fixture.source.resolve(fixture.reference)).resolves.toEqual(fixture.manifest);
    } finally {
      await fixture.close();
    }
  });
});
