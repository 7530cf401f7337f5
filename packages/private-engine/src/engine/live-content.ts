import { readFile } from 'node:fs/promises';
import { DrayError } from '@drayage/core';
import { hasRepeatedTree, packedLayers } from '@drayage/core/bundle';
import { mountLive, createLocalEngineHost } from '@drayage/mount';
import { parseMountinfo } from '@drayage/host';
import type { Holder } from '../lock/holder.ts';
import { readOwner, writeOwner } from '../lock/owner.ts';
import { packTrust, type PrivateEngineOptions, type UnmountedImage } from './options.ts';
import type { EnginePaths } from '../lock/engine-paths.ts';
import { recordPack } from './recorded-packs.ts';
import { writeState, type DataRootState, type RecordedPack } from './state.ts';

export interface LiveContent {
  /** All packs that the data-root uses. */
  readonly packs: readonly RecordedPack[];
  readonly unmounted: readonly UnmountedImage[];
}

/**
 * Mounts images into a running private engine with the containerd store, and repairs its mounted images. Does
 * nothing for the classic store.
 * @throws DrayError as {@link mountLive}
 */
export async function mountInContainerd(
  places: EnginePaths,
  holder: Holder,
  state: DataRootState,
  options: PrivateEngineOptions,
): Promise<LiveContent> {
  const { content, openEngine, signal } = options;
  const { imageStore, driver, packs } = state;
  if (imageStore === 'classic' || content === undefined) return { packs, unmounted: [] };
  if (driver !== 'overlayfs')
    return {
      packs,
      unmounted: content.images.map((image) => ({
        image,
        reason: `snapshotter ${driver} does not support packs`,
      })),
    };
  const layers = packedLayers(content.packs.map(({ pack }) => pack));
  const images = content.images.filter(({ diffIds }) => !hasRepeatedTree(diffIds, layers));
  const unmounted = content.images
    .filter(({ diffIds }) => hasRepeatedTree(diffIds, layers))
    .map((image) => ({ image, reason: 'it repeats a layer; overlayfs rejects duplicate lower directories' }));
  if (images.length === 0) return { packs, unmounted };
  if (openEngine === undefined)
    throw new DrayError(
      'MOUNT_UNAVAILABLE',
      'cannot mount into the engine: the caller provided no client for it',
    );
  const info = await (await openEngine(`unix://${places.socket}`)).describe(signal);
  const engineHost = await createLocalEngineHost({
    info,
    containerdAddress: `${places.execRoot}/containerd/containerd.sock`,
    trust: packTrust(options),
    signal,
  });
  try {
    const onFolder = (packFolder: string): Promise<void> => recordFolder(places, packFolder);
    await mountLive({ engineHost, info, ...content, images, onFolder, signal });
  } finally {
    await engineHost.close();
  }
  const recorded = await mountedNow(holder, packs, content.packs);
  await writeState(places.state, { ...state, packs: recorded });
  return { packs: recorded, unmounted };
}

/** The mounts end with the engine's namespace; the folder must be removed after it. */
async function recordFolder({ owner: file }: EnginePaths, packFolder: string): Promise<void> {
  const owner = await readOwner(file);
  if (owner !== undefined) await writeOwner(file, { ...owner, packFolder });
}

/** The packs of both lists that are mounted in the engine's namespace, with their mount points. */
async function mountedNow(
  { pid }: Holder,
  before: readonly RecordedPack[],
  offered: NonNullable<PrivateEngineOptions['content']>['packs'],
): Promise<readonly RecordedPack[]> {
  const points = parseMountinfo(await readFile(`/proc/${pid}/mountinfo`, 'utf8')).map(
    ({ mountPoint }) => mountPoint,
  );
  const found = new Map(
    before.filter(({ mountPoint }) => points.includes(mountPoint)).map((pack) => [pack.digest, pack]),
  );
  for (const entry of offered) {
    const { digest } = entry.pack.image;
    const point = points.find((name) => name.endsWith(`/${digest.slice('sha256:'.length)}`));
    if (point !== undefined) found.set(digest, recordPack(entry, point));
  }
  return [...found.values()];
}
