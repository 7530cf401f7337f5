import { createServer, connect, type AddressInfo, type Server } from 'node:net';
import { chmodSync, readdirSync } from 'node:fs';
import { dirname } from 'node:path';

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Diagnosis } from '@drayage/doctor';

import { parseDiagnosis } from './support/diagnosis.ts';
import { dray, drayProgram } from './support/dray.ts';
import { enginePath } from './support/engine-programs.ts';
import { engineVariants, startEngine, type TestEngine } from './support/engines.ts';
import { makeFolder, removeFolder } from './support/folders.ts';
import { busyboxLayer, pushImage, type PushedImage } from './support/images.ts';
import { mountsBelow, mountTmpfs } from './support/mounts.ts';
import { startRegistry, type TestRegistry } from './support/registry.ts';
import { describeWith } from './support/requirements.ts';
import { unprivilegedDray } from './support/unprivileged.ts';

// A private engine is started only if the caller gets its address.
const asked = { DRAY_DELIVERY: 'mount' };

for (const variant of engineVariants) {
  describeWith(
    { engine: variant },
    `dray doctor with engine ${variant.name}, ${variant.imageStore} store`,
    () => {
      let engine: TestEngine;

      beforeAll(async () => {
        engine = await startEngine(variant);
      });
      afterAll(() => engine.stop());

      test('describes the engine', async () => {
        const { engine: found, situations } = await diagnosisOf({ DOCKER_HOST: engine.host });
        expect(found?.info.version).toBe(engine.version);
        expect(found?.info.imageStore).toBe(variant.imageStore);
        expect(found?.dataRoot).toBe(engine.dataRoot);
        expect(found?.origin).toContain('DOCKER_HOST');
        expect(situations.map(({ kind }) => kind)).toEqual(['local-engine']);
      });

      test('chooses the fastest way that is open here', async () => {
        const { choice, ways } = await diagnosisOf({
          ...asked,
          DOCKER_HOST: engine.host,
          PATH: enginePath(variant.name),
        });
        expect(choice.way).toBe(variant.imageStore === 'containerd' ? 'mount-local' : 'mount-private');
        expect(ways.filter(({ possible }) => possible).map(({ name }) => name)).toContain('load');
      });

      test('reaches through the API what it cannot reach in place', async () => {
        const relay = await startRelay(engine.socketPath);
        try {
          const { choice, situations } = await diagnosisOf({
            ...asked,
            DOCKER_HOST: relay.host,
            PATH: enginePath(variant.name),
          });
          expect(situations.map(({ kind }) => kind)).toEqual(['remote-engine']);
          expect(choice.way).toBe(variant.imageStore === 'containerd' ? 'mount-remote' : 'mount-private');
        } finally {
          relay.stop();
        }
      });
    },
  );
}

const [variant = { name: 'path', imageStore: 'classic' } as const] = engineVariants;

describeWith({ engine: variant, registry: true }, 'dray doctor in a container', () => {
  let engine: TestEngine;
  let registry: TestRegistry;
  let image: PushedImage;

  beforeAll(async () => {
    registry = await startRegistry();
    engine = await startEngine(variant);
    const layers = [
      [...busyboxLayer(), ...['lib', 'lib64'].map((path) => ({ path, linkTo: `usr/${path}` }))],
    ];
    image = await pushImage(registry, 'job:1', { layers });
  });
  afterAll(async () => {
    await engine.stop();
    await registry.stop();
  });

  test("recognises the host's socket, and that mounting is not for this container", async () => {
    const dist = dirname(drayProgram);
    const { stdout } = await engine.docker([
      ...['run', '--rm', '--network', 'none', '--volume', '/usr:/usr:ro'],
      ...[
        '--volume',
        `${dirname(dist)}:/drayage:ro`,
        '--volume',
        `${engine.socketPath}:/var/run/docker.sock`,
      ],
      ...[image.reference, process.execPath, '/drayage/dist/dray.js', 'doctor', '--json'],
    ]);
    const { machine, situations, choice, ways } = parseDiagnosis(stdout);
    expect(machine.container?.kind).toBe('docker');
    expect(machine.rootFilesystem).toBe('overlay');
    expect(situations.map(({ kind }) => kind)).toEqual(['host-socket']);
    expect(choice.way).toBe(variant.imageStore === 'containerd' ? 'mount-remote' : 'load');
    const own = ways.find(({ name }) => name === 'mount-private');
    expect(own?.reason).toContain('CAP_SYS_ADMIN');
    expect(own?.remedy).toContain('privileged');
  });
});

describeWith({ programs: ['setpriv', 'mount'], root: true }, 'dray doctor', () => {
  let folder: string;

  beforeAll(async () => {
    folder = makeFolder();
    await mountTmpfs(folder);
    chmodSync(folder, 0o711);
  });
  afterAll(() => removeFolder(folder));

  test('without an engine exits with 0, and says what is there instead', async () => {
    const { exitCode, stdout } = await dray(['doctor'], { env: { PATH: '/usr/bin:/bin' } });
    expect(exitCode).toBe(0);
    expect(stdout).toContain('no engine answers');
    const { engine, engineError, situations } = await diagnosisOf({ PATH: '/usr/bin:/bin' });
    expect(engine).toBeUndefined();
    expect(engineError?.code).toBe('ENGINE_UNREACHABLE');
    expect(situations.map(({ kind }) => kind)).toEqual(['no-engine']);
  });

  test('with a wrong DOCKER_HOST exits with 0 as well', async () => {
    expect((await diagnosisOf({ DOCKER_HOST: 'ssh://ci:word@builder.example' })).engineError?.code).toBe(
      'ENGINE_CONFIG_INVALID',
    );
  });

  test('does not wait for an engine that is silent', async () => {
    const silent = createServer();
    const { port } = await listening(silent);
    try {
      const { engineError } = await diagnosisOf({ DOCKER_HOST: `tcp://127.0.0.1:${String(port)}` });
      expect(engineError?.code).toBe('ENGINE_UNREACHABLE');
    } finally {
      silent.close();
    }
  });

  test('as an ordinary user says that mounting needs root', async () => {
    const { exitCode, stdout } = await unprivilegedDray(folder).run(['doctor', '--json'], {
      DOCKER_HOST: 'unix:///nonexistent/docker.sock',
      DRAY_DATA_ROOT: folder,
    });
    expect(exitCode).toBe(0);
    const { machine, ways, choice, dataRoot } = parseDiagnosis(stdout);
    expect(machine.isRoot).toBe(false);
    expect(machine.capabilities.effective).toEqual([]);
    expect(choice.way).toBe('none');
    expect(ways.find(({ name }) => name === 'mount-private')?.reason).toContain('root');
    expect(dataRoot.problem).toContain('root');
  });

  test('leaves a data-root and the mounts of this machine as they were', async () => {
    const before = [readdirSync(folder), mountsBelow('/')];
    const { dataRoot } = await diagnosisOf({ DRAY_DATA_ROOT: folder });
    expect(dataRoot).toMatchObject({ path: folder, filesystem: 'tmpfs', storage: { backend: 'overlay2' } });
    expect([readdirSync(folder), mountsBelow('/')]).toEqual(before);
  });
});

async function diagnosisOf(env: Readonly<Record<string, string | undefined>>): Promise<Diagnosis> {
  const host = env['DOCKER_HOST'];
  const { exitCode, stdout, stderr } = await dray(['doctor', '--json'], { env, host });
  if (exitCode !== 0) throw new Error(`dray doctor exited with ${String(exitCode)}:\n${stderr}`);
  return parseDiagnosis(stdout);
}

async function startRelay(socketPath: string): Promise<{ readonly host: string; stop(): void }> {
  const server = createServer((client) => {
    const engine = connect(socketPath);
    client.pipe(engine).pipe(client);
    for (const side of [client, engine]) side.on('error', () => side.destroy());
  });
  const { port } = await listening(server);
  return { host: `tcp://127.0.0.1:${String(port)}`, stop: () => void server.close() };
}

function listening(server: Server): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (address === null || typeof address === 'string') reject(new Error('cannot listen on loopback'));
      else resolve(address);
    });
  });
}
