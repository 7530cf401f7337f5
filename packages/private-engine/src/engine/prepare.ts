import { join } from 'node:path';
import { DrayError, reasonOf, throwIfAborted, type ImageStoreKind } from '@drayage/core';
import { classicLayout, type OverlayDriver } from '../classic/layout.ts';
import { writeLayout } from '../classic/write-layout.ts';
import { chooseStorage, withFailure } from '../storage/choose.ts';
import type { StorageBackend, StorageChoice, StorageFacts } from '../storage/choose.ts';
import { prepareStorage } from '../storage/prepare.ts';
import { probeStorage } from '../storage/probe.ts';
import { checkCompatible } from './compatibility.ts';
import { wipeData } from './data-root.ts';
import type { Holder } from '../lock/holder.ts';
import { classicMountPoint, mountRecordedPacks, neededPacks } from './mount-packs.ts';
import { packTrust, type PrivateEngineOptions, type UnmountedImage } from './options.ts';
import type { EnginePaths } from '../lock/engine-paths.ts';
import { recordPack, relocatePacks } from './recorded-packs.ts';
import { newDiskName, readState, writeState, type DataRootState } from './state.ts';

/** A data-root that is ready for an engine. */
export interface PreparedDataRoot {
  readonly state: DataRootState;
  readonly storage: StorageChoice;
  readonly unmounted: readonly UnmountedImage[];
  /** True if no engine has used it yet. */
  readonly isFresh: boolean;
}

/**
 * Prepares a data-root for its engine: storage, packs, and for a fresh one of the classic store the layout of
 * its images. A used data-root keeps its contents; nothing is added.
 * @throws DrayError `DATA_ROOT_INCOMPATIBLE`, `STORAGE_UNAVAILABLE`, `MOUNT_FAILED`, `PACK_INVALID`,
 * `DISK_FULL`, `STORE_IO`, `ABORTED`
 */
export async function prepareDataRoot(
  holder: Holder,
  places: EnginePaths,
  options: PrivateEngineOptions,
): Promise<PreparedDataRoot> {
  const state = await readState(places.state);
  const wanted = { imageStore: options.imageStore, storage: options.storage ?? 'auto' };
  if (state?.phase === 'used') checkCompatible(places.dataRoot, state, wanted);
  // Data in memory was lost with the engine that used it.
  if (state?.phase === 'used' && state.backend !== 'tmpfs') return reopen(holder, places, options, state);
  await wipeData(places);
  return makeFresh(holder, places, {
    ...options,
    imageStore: options.imageStore ?? state?.imageStore,
    storage: state?.phase === 'used' ? state.backend : options.storage,
  });
}

async function makeFresh(
  holder: Holder,
  places: EnginePaths,
  options: PrivateEngineOptions,
): Promise<PreparedDataRoot> {
  const imageStore = options.imageStore ?? 'classic';
  const disk = newDiskName();
  const storage = await setUpStorage(holder, places, options, { imageStore, disk });
  const driver = driverOf(storage.backend, imageStore);
  const { content } = options;
  const packs =
    imageStore !== 'classic' || !isOverlayDriver(driver)
      ? []
      : (content?.packs ?? []).map((entry) =>
          recordPack(entry, classicMountPoint(places, entry.pack.image.digest)),
        );
  const { backend, reason } = storage;
  const state: DataRootState = {
    ...{ phase: 'preparing', imageStore, driver, backend, reason, packs },
    ...(backend === 'loop-ext4' ? { disk } : {}),
  };
  await writeState(places.state, state);
  const laidOut = await layOut(holder, places, options, state);
  throwIfAborted(options.signal, 'start the engine');
  return { storage, isFresh: true, state: { ...state, packs: laidOut.packs }, unmounted: laidOut.unmounted };
}

/**
 * If a backend fails although its probe succeeded, tries the next one, unless the caller chose the backend.
 */
async function setUpStorage(
  holder: Holder,
  places: EnginePaths,
  { env, storage: wish = 'auto', storageSizeBytes, signal }: PrivateEngineOptions,
  { imageStore, disk: name }: { readonly imageStore: ImageStoreKind; readonly disk: string },
): Promise<StorageChoice> {
  const disk = join(places.own, name);
  const run = (script: string, ...args: readonly string[]): ReturnType<Holder['run']> =>
    holder.run(script, ...args);
  let facts = forStore(imageStore, await probeStorage(places.own, env, { run, wish }));
  for (;;) {
    throwIfAborted(signal, 'start the engine');
    const choice = chooseStorage(facts, wish);
    try {
      const { backend } = choice;
      await prepareStorage({ holder, places, backend, disk, sizeBytes: storageSizeBytes, isFresh: true });
      return choice;
    } catch (error) {
      if (wish !== 'auto' || !(error instanceof DrayError) || error.code !== 'STORAGE_UNAVAILABLE')
        throw error;
      await holder.run('umount "$1" 2>/dev/null', places.data);
      facts = withFailure(facts, choice.backend, reasonOf(error));
    }
  }
}

async function layOut(
  holder: Holder,
  places: EnginePaths,
  options: PrivateEngineOptions,
  { imageStore, driver, packs }: DataRootState,
): Promise<Pick<PreparedDataRoot, 'unmounted'> & Pick<DataRootState, 'packs'>> {
  const { content, signal } = options;
  if (content === undefined || imageStore !== 'classic') return { packs, unmounted: [] };
  if (!isOverlayDriver(driver)) {
    const reason = `storage driver ${driver} does not support packs`;
    return { packs, unmounted: content.images.map((image) => ({ image, reason })) };
  }
  const mounted = await mountRecordedPacks(holder, packs, content.packs, packTrust(options), signal);
  const layout = classicLayout({
    driver,
    images: content.images,
    packs: content.packs,
    mountPoint: ({ pack }) => classicMountPoint(places, pack.image.digest),
  });
  await writeLayout(holder.seen(places.data), layout.entries, content.openBlob);
  return { packs: mounted, unmounted: layout.refused };
}

async function reopen(
  holder: Holder,
  places: EnginePaths,
  options: PrivateEngineOptions,
  state: DataRootState,
): Promise<PreparedDataRoot> {
  const { content, signal } = options;
  const { backend, reason, driver, imageStore } = state;
  if (backend === 'loop-ext4') {
    const disk = join(places.own, state.disk ?? '');
    await prepareStorage({ holder, places, backend, disk, sizeBytes: undefined, isFresh: false });
  }
  const needed = await neededPacks(places, holder.seen(`${places.data}/${driver}`));
  const standing =
    imageStore === 'classic' ? state.packs.filter(({ mountPoint }) => needed.has(mountPoint)) : state.packs;
  const relocated = await relocatePacks(places.dataRoot, standing, content?.packs ?? []);
  const packs = await mountRecordedPacks(holder, relocated, content?.packs ?? [], packTrust(options), signal);
  const known = new Set(packs.map(({ digest }) => digest));
  const isNew = content?.packs.some(({ pack }) => !known.has(pack.image.digest)) ?? false;
  const unmounted =
    imageStore === 'classic' && isNew
      ? (content?.images ?? []).map((image) => ({
          image,
          reason: 'an engine has already used this data-root, so no images are added',
        }))
      : [];
  const storage = { backend, reason, rejected: [], warnings: [] };
  return { state: { ...state, packs }, storage, unmounted, isFresh: false };
}

function forStore(imageStore: ImageStoreKind, facts: StorageFacts): StorageFacts {
  if (imageStore === 'classic') return facts;
  return withFailure(
    facts,
    'fuse-overlayfs',
    'the containerd image store of dockerd does not have this snapshotter',
  );
}

function driverOf(backend: StorageBackend, imageStore: ImageStoreKind): string {
  switch (backend) {
    case 'overlay2':
    case 'loop-ext4':
    case 'tmpfs':
      return imageStore === 'classic' ? 'overlay2' : 'overlayfs';
    case 'fuse-overlayfs':
      return 'fuse-overlayfs';
    case 'vfs':
      return imageStore === 'classic' ? 'vfs' : 'native';
  }
}

function isOverlayDriver(driver: string): driver is OverlayDriver {
  return driver === 'overlay2' || driver === 'fuse-overlayfs';
}
