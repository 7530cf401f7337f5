import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';

import { parseDiagnosis } from './support/diagnosis.ts';
import { dray, drayJson, reportOf, startDray, type DrayOptions } from './support/dray.ts';
import { enginePath } from './support/engine-programs.ts';
import { startEngine, type TestEngine } from './support/engines.ts';
import { makeFolder, removeFolder } from './support/folders.ts';
import { busyboxLayer, pushImage, type LayerEntry, type PushedImage } from './support/images.ts';
import { processesNaming } from './support/process-table.ts';
import { startRegistry, type TestRegistry } from './support/registry.ts';
import { describeWith } from './support/requirements.ts';
import { makeSshKeys, sshPath, type SshKeys } from './support/ssh-client.ts';
import { startSshServer, type SshServer } from './support/ssh-server.ts';
import { waitUntil } from './support/wait.ts';

const user = 'ci';
const variant = { name: '28.5', imageStore: 'containerd' } as const;
const base = busyboxLayer();
const library: readonly LayerEntry[] = [
  { path: 'lib/data', content: { seed: 'ssh library', sizeBytes: 20_000_000, randomShare: 1 } },
];
const parts = {
  engine: variant,
  registry: true,
  programs: ['ssh', 'ssh-keygen', 'mksquashfs', 'unsquashfs', 'busybox'],
};

describeWith(parts, 'an engine behind ssh', () => {
  let registry: TestRegistry;
  let engine: TestEngine;
  let folder: string;
  let keys: SshKeys;
  let stranger: string;
  let server: SshServer;
  let bundle: string;
  let app: PushedImage;

  beforeAll(async () => {
    registry = await startRegistry();
    app = await pushImage(registry, 'team/app:1', {
      layers: [base, library, [{ path: 'version', content: 'one' }]],
      config: { Cmd: ['cat', '/version'] },
    });
    folder = makeFolder();
    keys = await makeSshKeys(folder);
    stranger = (await makeSshKeys(join(folder, 'other'))).clientKey;
    bundle = join(folder, 'bundle');
    await drayJson('prepull', ['--form', 'both', '--bundle', bundle, app.reference]);
    engine = await startEngine(variant);
  });

  afterAll(async () => {
    await engine.stop();
    await removeFolder(folder);
    await registry.stop();
  });

  beforeEach(async () => {
    server = await serverWith(enginePath(variant.name));
    await engine.docker(['system', 'prune', '--all', '--force']);
  });

  afterEach(async () => {
    await noSshLeft();
    await server.stop();
    const clients = (): unknown[] => processesNaming(`--host unix://${engine.socketPath}`);
    await waitUntil(() => clients().length === 0, 'no docker client is left');
  });

  function serverWith(path: string): Promise<SshServer> {
    const env = { PATH: path };
    return startSshServer({ hostKey: keys.hostKey, allowedKey: keys.publicClientKey, user, env });
  }

  /** The user's ssh set-up, apart from the planned mistake. */
  function through({ name = '127.0.0.1', socket = engine.socketPath, ...wrong }: Wrong = {}): DrayOptions {
    const port = String(server.port);
    const knownHosts = `[127.0.0.1]:${port} ${keys.publicHostKey}`;
    const env = { PATH: sshPath(folder, { identity: keys.clientKey, knownHosts, ...wrong }) };
    return { host: `ssh://${user}@${name}:${port}${socket}`, env };
  }

  /** While the server still runs: they have not just lost their connection. */
  async function noSshLeft(): Promise<void> {
    const left = (): unknown[] => processesNaming(join(folder, 'config'));
    await waitUntil(() => left().length === 0, 'no ssh is left');
  }

  const loadArgs = (): string[] => ['--bundle', bundle, '--settled', '--delivery', 'load'];

  async function runImage(): Promise<string> {
    return (await engine.docker(['run', '--rm', '--network', 'none', app.reference])).stdout;
  }

  test('is loaded into, and the second time not a byte', async () => {
    const loaded = await drayJson('load', loadArgs(), through());
    expect(loaded).toMatchObject({ outcome: 'hit', images: [{ delivery: 'load' }] });
    expect(await runImage()).toBe('one');
    expect(new Set(server.commands)).toEqual(
      new Set([`docker --host unix://${engine.socketPath} system dial-stdio`]),
    );
    // A login takes longer than most requests, so these share a few connections.
    expect(server.logins()).toBeLessThan(4);
    const again = await drayJson('load', loadArgs(), through());
    expect(again).toMatchObject({ images: [{ delivery: 'present', bytesSent: 0 }] });
  });

  test('is mounted into', async () => {
    const args = ['--bundle', bundle, '--settled', '--delivery', 'mount', '--reach', 'api'];
    const loaded = await drayJson('load', args, through());
    expect(loaded).toMatchObject({ outcome: 'hit', images: [{ delivery: 'mount' }] });
    expect(await runImage()).toBe('one');
  });

  test('gives images away', async () => {
    await engine.docker(['pull', app.reference]);
    const saved = join(folder, 'saved');
    const report = await drayJson(
      'prepull',
      ['--source', 'engine', '--bundle', saved, app.reference],
      through(),
    );
    expect(report.outcome).toBe('ready');
    expect((await dray(['bundle', 'verify', saved])).exitCode).toBe(0);
  });

  test('is another machine for dray doctor', async () => {
    const options = through();
    const env = { ...options.env, DRAY_DELIVERY: 'mount' };
    const {
      engine: found,
      situations,
      choice,
    } = parseDiagnosis((await dray(['doctor', '--json'], { ...options, env })).stdout);
    expect(found?.info).toMatchObject({ location: options.host, version: engine.version });
    expect(situations.map(({ kind }) => kind)).toEqual(['remote-engine']);
    expect(choice.way).toBe('mount-remote');
  });

  test.each<readonly [string, () => Wrong, string]>([
    ['the key may not log in', () => ({ identity: stranger }), 'Permission denied'],
    ['the key of the host is not known', () => ({ knownHosts: '' }), 'Host key verification failed'],
    ['there is no such host', () => ({ name: 'nowhere.invalid' }), 'nowhere.invalid'],
    ['no engine listens', () => ({ socket: '/nonexistent.sock' }), '/nonexistent.sock'],
  ])('that is unreachable because %s causes an error that quotes ssh', async (_, wrong, said) => {
    await expectUnreachable(wrong(), said);
  });

  test('that is unreachable without a docker client causes an error that quotes the shell', async () => {
    await server.stop();
    server = await serverWith(shellOnly(folder));
    await expectUnreachable({}, 'docker');
  });

  async function expectUnreachable(wrong: Wrong, said: string): Promise<void> {
    const finished = await dray(['load', ...loadArgs(), '--strict', '--json'], through(wrong));
    expect(finished.exitCode).toBe(3);
    const report: unknown = JSON.parse(finished.stdout);
    expect(report).toMatchObject({
      error: { code: 'ENGINE_UNREACHABLE', message: expect.stringContaining(said) },
    });
  }

  test('that goes away while it is loaded into does not keep the job', async () => {
    const running = startDray(['load', ...loadArgs(), '--json'], through());
    await server.after(5_000_000, 'break');
    const finished = await running.finished;
    expect(finished.exitCode).toBe(0);
    expect(reportOf('load', finished)).toMatchObject({
      outcome: 'miss',
      images: [{ delivery: 'none', error: { code: 'ENGINE_LOAD_FAILED' } }],
    });
  });

  test('is let go by a load that is stopped', async () => {
    const running = startDray(['load', ...loadArgs()], through());
    await server.after(5_000_000, 'hold');
    expect((await running.kill()).exitCode).toBe(143);
    await noSshLeft();
  });

  test('is let go by a load that is killed', async () => {
    const running = startDray(['load', ...loadArgs()], through());
    const goOn = await server.after(5_000_000, 'hold');
    await running.kill('SIGKILL');
    // No process is left to end ssh: it ends by itself, once it has sent what it has read.
    goOn();
    await noSshLeft();
  });
});

/** A PATH on which there is a shell and nothing else. */
function shellOnly(folder: string): string {
  const path = join(folder, 'shell-only');
  mkdirSync(path);
  symlinkSync('/bin/sh', join(path, 'sh'));
  return path;
}

/** A mistake in an ssh set-up. */
interface Wrong {
  readonly name?: string;
  readonly socket?: string;
  readonly identity?: string;
  readonly knownHosts?: string;
}
