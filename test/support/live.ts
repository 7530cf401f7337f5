import { join } from 'node:path';
import {
  createDirectoryTransport,
  createPackStore,
  readBundleIndex,
  readImage,
  readPacks,
} from '@drayage/core/bundle';
import { verifying } from '@drayage/core';
import type { Engine, EngineInfo, ImageSaver } from '@drayage/core';
import { createLocalEngineHost, type LiveMountRequest } from '@drayage/mount';
import { createDockerEngine, resolveEngineEndpoint } from '@drayage/engine';

import type { EngineInFolder } from './engine-process.ts';
import { enginePath } from './engine-programs.ts';
import { runOrThrow } from './processes.ts';

/** The adapter for a test engine. */
export async function adapterOf(engine: EngineInFolder): Promise<Engine & ImageSaver> {
  const endpoint = await resolveEngineEndpoint({ host: engine.host, env: {}, homeDir: engine.dataRoot });
  return createDockerEngine({ endpoint });
}

/** What a live mount of a whole bundle into a test engine is asked with. */
export async function liveRequest(engine: EngineInFolder, bundle: string): Promise<LiveMountRequest> {
  const info = await (await adapterOf(engine)).describe();
  const engineHost = await createLocalEngineHost({ info });
  return { engineHost, info, ...(await readBundle(bundle, info)) };
}

/** The images and packs of a bundle, and its blobs. */
export async function readBundle(
  bundle: string,
  { platform }: Pick<EngineInfo, 'platform'>,
): Promise<Pick<LiveMountRequest, 'images' | 'packs' | 'openBlob'>> {
  const { documents, blobs } = createDirectoryTransport(bundle);
  const index = await readBundleIndex(documents);
  const packs = await readPacks(blobs, index?.packs ?? []);
  const store = createPackStore(bundle);
  return {
    images: await Promise.all((index?.entries ?? []).map((entry) => readImage(blobs, entry, platform))),
    packs: packs.map((pack) => ({ pack, file: store.fileOf(pack.image.digest) })),
    openBlob: async (blob) => verifying(await blobs.open(blob), blob, 'the bundle'),
  };
}

/** What an engine's containerd holds, one line each: snapshots, leases, blobs and names of images. */
export async function containerdHoldings({ execRoot }: EngineInFolder): Promise<readonly string[]> {
  const address = join(execRoot, 'containerd/containerd.sock');
  const list = async (...what: string[]): Promise<string[]> => {
    const env = { PATH: enginePath('28.5') };
    const { stdout } = await runOrThrow('ctr', ['-a', address, '-n', 'moby', ...what], { env });
    const lines = stdout.split('\n').slice(1);
    return lines.filter((line) => line !== '').map((line) => `${what[0] ?? ''} ${line.split(/\s/)[0] ?? ''}`);
  };
  const snapshots = await list('snapshots', '--snapshotter', 'overlayfs', 'ls');
  return [
    ...snapshots,
    // dockerd has one for each container, and forgets it when it is killed.
    ...(await list('leases', 'ls')).filter((line) => line.startsWith('leases drayage-')),
    ...(await list('content', 'ls')),
    ...(await list('images', 'ls')),
  ];
}
