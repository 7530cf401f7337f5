import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mountLive } from '@drayage/mount';
import { sweepLiveMounts } from '@drayage/mount/testing';

import { isBlobDownload } from './support/access-log.ts';
import { dindSpec } from './support/dind-image.ts';
import { drayJson } from './support/dray.ts';
import { isAnswering } from './support/engine-http.ts';
import { startEngine, type TestEngine } from './support/engines.ts';
import { makeFolder, removeFolder } from './support/folders.ts';
import { busyboxLayer, pushImage, type LayerEntry, type PushedImage } from './support/images.ts';
import { readBundle } from './support/live.ts';
import { startRegistry, type TestRegistry } from './support/registry.ts';
import { engineAt, leftIn, openEngineHost, type KnownEngine } from './support/remote-engine.ts';
import { describeWith } from './support/requirements.ts';
import { startTcpRelay } from './support/tcp-relay.ts';
import { waitUntil } from './support/wait.ts';

const variant = { name: '28.5', imageStore: 'containerd' } as const;
const base = busyboxLayer();
const library: readonly LayerEntry[] = [
  { path: 'lib/data', content: { seed: 'remote library', sizeBytes: 30_000_000 } },
];
const parts = { engine: variant, registry: true, programs: ['mksquashfs', 'unsquashfs', 'busybox'] };

describeWith(parts, 'a live mount by the Docker API alone', () => {
  let registry: TestRegistry;
  let engine: TestEngine;
  let bundle: string;
  let app: PushedImage;

  beforeAll(async () => {
    registry = await startRegistry();
    const layers = [base, library, [{ path: 'version', content: 'one' }]];
    app = await pushImage(registry, 'team/app:1', { layers, config: { Cmd: ['cat', '/version'] } });
    bundle = makeFolder();
    await drayJson('prepull', ['--form', 'packs', '--bundle', bundle, app.reference]);
    engine = await startEngine(variant);
  });

  afterAll(async () => {
    await engine.stop();
    await removeFolder(bundle);
    await registry.stop();
  });

  async function mountThrough(known: KnownEngine): Promise<void> {
    const engineHost = await openEngineHost(known);
    try {
      await mountLive({ engineHost, info: known.info, ...(await readBundle(bundle, known.info)) });
    } finally {
      await engineHost.close();
    }
  }

  /** What was mounted goes when its images are gone. */
  async function sweep(known: KnownEngine): Promise<void> {
    const engineHost = await openEngineHost(known);
    try {
      await sweepLiveMounts({ engineHost, info: known.info });
    } finally {
      await engineHost.close();
    }
  }

  test('makes images ready, and a pull moves no blob', async () => {
    const relay = await startTcpRelay(engine.socketPath);
    const known = await engineAt(relay.host);
    await mountThrough(known);
    expect(await runIn(engine)).toBe('one');
    const requests = await registry.requestsDuring(() => engine.docker(['pull', app.reference]));
    expect(requests.filter(isBlobDownload)).toEqual([]);
    await engine.docker(['system', 'prune', '--all', '--force']);
    await sweep(known);
    expect(await leftIn(engine)).toBe('');
    await relay.stop();
  });

  test('reaches an engine of BusyBox and its own programs, in a container beside the job', async () => {
    const dind = await pushImage(registry, 'dind:1', await dindSpec(variant.name));
    const shared = makeFolder();
    try {
      await mountBeside(dind.reference, join(shared, 'docker.sock'));
    } finally {
      await removeFolder(shared);
    }
  });

  /** Starts an engine in a container of the other, and mounts into that one. */
  async function mountBeside(image: string, socket: string): Promise<void> {
    const folder = dirname(socket);
    const { stdout } = await engine.docker([
      ...['run', '--detach', '--privileged', '--network', 'none', '--cgroupns', 'host'],
      ...['--volume', `${folder}:${folder}`, '--volume', '/var/lib/docker', image],
      ...[`--host=unix://${socket}`, '--bridge=none', '--iptables=false', '--ip6tables=false'],
      ...['--feature', 'containerd-snapshotter'],
    ]);
    const name = stdout.trim();
    const docker: TestEngine['docker'] = (args) => engine.docker(['exec', name, 'docker', ...args]);
    await waitUntil(() => isAnswering(socket), 'the inner engine answers');
    const known = await engineAt(`unix://${socket}`);
    await mountThrough(known);
    expect(await runIn({ docker })).toBe('one');
    await docker(['system', 'prune', '--all', '--force']);
    await sweep(known);
    expect(await leftIn({ docker })).toBe('');
    await engine.docker(['rm', '--force', '--volumes', name]);
  }

  async function runIn(it: Pick<TestEngine, 'docker'>): Promise<string> {
    return (await it.docker(['run', '--rm', '--network', 'none', app.reference])).stdout;
  }
});
