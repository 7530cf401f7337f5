import { readFileSync, readlinkSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { connect as connectHttp2, type ClientHttp2Session } from 'node:http2';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { hashFile, type MountablePack } from '@drayage/core/bundle';
import { packVolumeName } from '@drayage/mount';

import { engineVariants, startEngine, type TestEngine } from './support/engines.ts';
import { makeFolder, removeFolder } from './support/folders.ts';
import { listProcesses } from './support/process-table.ts';
import { start } from './support/processes.ts';
import { engineAt, leftIn, openEngineHost, type KnownEngine } from './support/remote-engine.ts';
import { describeWith } from './support/requirements.ts';
import { startTcpRelay, type TcpRelay } from './support/tcp-relay.ts';
import { waitUntil } from './support/wait.ts';

const variant = { name: '28.5', imageStore: 'containerd' } as const;
const repository = fileURLToPath(new URL('../', import.meta.url));

describe.each(engineVariants)('engine $name with the $imageStore store', (each) => {
  describeWith({ engine: each }, 'by its API alone', () => {
    let engine: TestEngine;

    beforeAll(async () => {
      engine = await startEngine(each);
    });

    afterAll(() => engine.stop());

    // Engine 20.10 starts no privileged container on a machine that lacks a capability.
    test('starts a helper container, and leaves nothing behind', async () => {
      const engineHost = await openEngineHost(await engineAt(engine.host));
      expect(engineHost).toMatchObject({ kind: 'remote', namespace: 'moby' });
      await engineHost.close();
      expect(await leftIn(engine)).toBe('');
    });
  });
});

describeWith({ engine: variant }, 'an engine of which only a TCP port is known', () => {
  let engine: TestEngine;
  let relay: TcpRelay;
  let folder: string;
  let known: KnownEngine;

  beforeAll(async () => {
    engine = await startEngine(variant);
    relay = await startTcpRelay(engine.socketPath);
    known = await engineAt(relay.host);
  });

  afterAll(async () => {
    await relay.stop();
    await engine.stop();
  });

  beforeEach(() => {
    folder = makeFolder();
  });

  afterEach(() => removeFolder(folder));

  test('runs commands in the mount namespace of its containerd', async () => {
    const engineHost = await openEngineHost(known);
    const containerd = listProcesses().find(
      ({ commandLine }) =>
        /^\S*containerd --config/.test(commandLine) && commandLine.includes(engine.execRoot),
    );
    const { stdout } = await engineHost.run(['readlink', '/proc/self/ns/mnt']);
    expect(stdout.trim()).toBe(readlinkSync(`/proc/${String(containerd?.pid)}/ns/mnt`));
    expect(engineHost.containerdSocket).toBe(join(engine.execRoot, 'containerd/containerd.sock'));
    expect(await engineHost.run(['sh', '-c', 'id -u; exit 3'])).toEqual({
      exitCode: 3,
      stdout: '0\n',
      stderr: '',
    });
    await engineHost.close();
  });

  test('has a containerd that answers over several connections at once', async () => {
    const engineHost = await openEngineHost(known);
    const versions = await Promise.all(
      [1, 2, 3].map(async () => containerdVersion(await engineHost.connectContainerd())),
    );
    expect(versions).toEqual(Array(3).fill(expect.stringMatching(/\d+\.\d+\.\d+/)));
    await engineHost.close();
  });

  test('takes a pack once, and none that has changed', async () => {
    const pack = await packFile(folder, 50_000_000);
    const engineHost = await openEngineHost(known);
    const { path, identity } = await engineHost.placePack(pack);
    expect(await hashFile(path)).toEqual(await hashFile(pack.file));
    const { ino } = statSync(path);
    expect(await engineHost.placePack(pack)).toMatchObject({ path, identity });
    expect(statSync(path).ino).toBe(ino);

    const other = await packFile(folder, 40_000_000);
    const bytes = readFileSync(other.file);
    bytes.writeUInt8(bytes.readUInt8(20_000_000) ^ 1, 20_000_000);
    writeFileSync(other.file, bytes);
    await expect(engineHost.placePack(other)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    expect(readdirSync(join(path, '..')).filter((name) => !path.endsWith(name.slice(0, 64)))).toEqual([]);
    await engineHost.close();
  });

  test('stops an upload that is aborted', async () => {
    const pack = await packFile(folder, 200_000_000);
    const engineHost = await openEngineHost(known);
    const controller = new AbortController();
    const placing = engineHost.placePack(pack, controller.signal);
    const volume = engineHost.volume.path;
    await waitUntil(() => readdirSync(volume).some((name) => name.endsWith('.partial')), 'the upload runs');
    controller.abort();
    await expect(placing).rejects.toMatchObject({ code: 'ABORTED' });
    expect(readdirSync(volume).filter((name) => name.endsWith('.partial'))).toEqual([]);
    await engineHost.close();
  });

  test('has only the volume left after the helper container was closed', async () => {
    const engineHost = await openEngineHost(known);
    const { stdout } = await engine.docker(['ps', '--quiet']);
    expect(stdout).not.toBe('');
    await engineHost.close();
    await engineHost.close();
    expect(await leftIn(engine)).toBe('');
    const volumes = await engine.docker(['volume', 'ls', '--format', '{{.Name}} {{.Labels}}']);
    expect(volumes.stdout.trim()).toBe(`${packVolumeName} dev.drayage.volume=packs`);
  });

  test('has nothing left of the helper container after the client was killed', async () => {
    const client = start(process.execPath, ['--input-type=module', '-e', holdingClient], {
      cwd: repository,
      env: { HOST: relay.host },
    });
    await client.waitFor(/ready/);
    expect(await leftIn(engine)).not.toBe('');
    await client.kill('SIGKILL');
    await waitUntil(async () => (await leftIn(engine)) === '', 'the engine has removed the helper');
    const helpers = listProcesses().filter(({ commandLine }) => commandLine.includes('dial-stdio'));
    expect(helpers).toEqual([]);
  });

  test('notifies users of a helper container when the engine has removed it', async () => {
    const engineHost = await openEngineHost(known);
    const running = engineHost.run(['sh', '-c', 'echo started; sleep 60']);
    const failed = expect(running).rejects.toMatchObject({ code: 'ENGINE_HELPER_FAILED' });
    const { stdout } = await engine.docker(['ps', '--quiet']);
    await engine.docker(['rm', '--force', stdout.trim()]);
    await failed;
    await expect(engineHost.run(['true'])).rejects.toMatchObject({ code: 'ENGINE_HELPER_FAILED' });
    await expect(engineHost.connectContainerd()).rejects.toMatchObject({ code: 'ENGINE_HELPER_FAILED' });
    await engineHost.close();
  });
});

/** A client that has a helper with a command and a connection under way, and then does nothing. */
const holdingClient = `
  import { createRemoteEngineHost } from '@drayage/mount';
  import { createDockerEngine, resolveEngineEndpoint } from '@drayage/engine';
  const endpoint = await resolveEngineEndpoint({ host: process.env.HOST, env: {}, homeDir: '/nonexistent' });
  const engineHost = await createRemoteEngineHost({ helpers: createDockerEngine({ endpoint }), location: 'test' });
  const connection = await engineHost.connectContainerd();
  connection.write('PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n');
  console.log('ready');
  setInterval(() => {}, 1000);
`;

/**
 * Asks over gRPC, which is a frame of five bytes around a protobuf message.
 * @see containerd.services.version.v1.Version
 */
async function containerdVersion(connection: Duplex): Promise<string> {
  const session: ClientHttp2Session = connectHttp2('http://containerd', {
    createConnection: () => connection,
  });
  try {
    const request = session.request({
      ':method': 'POST',
      ':path': '/containerd.services.version.v1.Version/Version',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    request.end(Buffer.alloc(5));
    return (await request.setEncoding('utf8').toArray()).join('');
  } finally {
    session.destroy();
    connection.destroy();
  }
}

async function packFile(folder: string, sizeBytes: number): Promise<MountablePack> {
  const file = join(folder, 'pack');
  writeFileSync(file, Buffer.alloc(sizeBytes, 'a pack, or what is taken for one '));
  const image = { mediaType: 'application/vnd.drayage.pack.squashfs.v1', ...(await hashFile(file)) };
  return { file, pack: { manifest: image, config: image, image, filesystem: 'squashfs', layers: [] } };
}
