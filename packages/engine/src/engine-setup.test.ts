import type { EngineSetup } from '@drayage/core';
import { expect, test } from '@jest/globals';
import { readEngineSetup } from './engine-setup.ts';
import { startFakeEngine, type FakeHandler } from './testing/fake-engine.ts';

const id = 'ab12'.repeat(16);
const json =
  (status: number, body: unknown): FakeHandler =>
  (_, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };

async function setupFrom(handlers: Readonly<Record<string, FakeHandler>>): Promise<EngineSetup> {
  const engine = await startFakeEngine({ handlers });
  try {
    return await readEngineSetup(engine.endpoint, { timeoutMs: 60_000, containerId: id });
  } finally {
    await engine.close();
  }
}

test('reports the engine’s setup', async () => {
  const info = {
    Name: 'node1',
    OperatingSystem: 'Debian GNU/Linux 12 (bookworm)',
    SecurityOptions: ['name=seccomp,profile=builtin', 'name=rootless'],
    Runtimes: { runc: {}, 'sysbox-runc': {} },
    DefaultRuntime: 'runc',
    DockerRootDir: '/var/lib/docker',
    DriverStatus: [['Backing Filesystem', 'extfs']],
    CgroupDriver: 'systemd',
    CgroupVersion: '2',
    MemTotal: 1024,
    NCPU: 2,
  };
  const setup = await setupFrom({ 'GET /info': json(200, info) });
  expect(setup).toMatchObject({
    hostname: 'node1',
    securityOptions: info.SecurityOptions,
    runtimes: ['runc', 'sysbox-runc'],
    dataRoot: '/var/lib/docker',
    backingFilesystem: 'extfs',
    cgroup: 'systemd 2',
    memoryBytes: 1024,
    cpus: 2,
  });
});

test('accepts missing data', async () => {
  const setup = await setupFrom({ 'GET /info': json(200, {}) });
  expect(setup).toMatchObject({ securityOptions: [], runtimes: [], dataRoot: 'unknown', memoryBytes: 0 });
  expect(setup).not.toHaveProperty('backingFilesystem');
});

test('contains no control characters', async () => {
  const setup = await setupFrom({ 'GET /info': json(200, { Name: 'node\u001b[31m' }) });
  expect(setup.hostname).not.toContain('\u001b');
});

test('reports whether a container belongs to the engine', async () => {
  const path = `GET /containers/${id}/json`;
  expect(await setupFrom({ [path]: json(200, { Id: id }) })).toMatchObject({ holdsUs: true });
  expect(await setupFrom({ [path]: json(404, { message: 'no such container' }) })).toMatchObject({
    holdsUs: false,
  });
});

test('an engine that fails during the query is reported', async () => {
  const failing = setupFrom({ [`GET /containers/${id}/json`]: json(500, { message: 'broken' }) });
  await expect(failing).rejects.toMatchObject({ code: 'ENGINE_API' });
});
