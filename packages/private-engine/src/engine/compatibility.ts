import { DrayError, type ImageStoreKind } from '@drayage/core';
import type { StorageWish } from '../storage/choose.ts';
import type { DataRootState } from './state.ts';

export interface WantedSettings {
  /** Undefined: keep the data-root's setting. */
  readonly imageStore: ImageStoreKind | undefined;
  readonly storage: StorageWish;
}

// Names that engines of any version keep at the top of their data-root.
const engineNames = [
  'aufs',
  'btrfs',
  'buildkit',
  'containerd',
  'containers',
  'devicemapper',
  'engine-id',
  'fuse-overlayfs',
  'graph',
  'image',
  'network',
  'overlay',
  'overlay2',
  'plugins',
  'swarm',
  'vfs',
  'volumes',
  'zfs',
];

/**
 * Checks that a directory is empty or belongs to drayage. `names` are its entries. Pure.
 * @throws DrayError `DATA_ROOT_INCOMPATIBLE`
 */
export function checkNotForeign(dataRoot: string, names: readonly string[]): void {
  if (names.includes('.drayage')) return;
  const foreign = names.filter((name) => engineNames.includes(name) || name === 'data');
  if (foreign.length === 0) return;
  throw incompatible(
    dataRoot,
    `another engine has used it (${foreign.join(', ')})`,
    'Choose a new directory with --data-root.',
  );
}

/** Checks that a data-root supports the wanted settings. Pure. @throws DrayError `DATA_ROOT_INCOMPATIBLE` */
export function checkCompatible(dataRoot: string, state: DataRootState, wanted: WantedSettings): void {
  const hint = 'Choose another --data-root, or remove this one with "dray engine stop --purge".';
  if (wanted.imageStore !== undefined && wanted.imageStore !== state.imageStore) {
    throw incompatible(dataRoot, `it uses the ${state.imageStore} image store`, hint);
  }
  if (wanted.storage !== 'auto' && wanted.storage !== state.backend) {
    throw incompatible(dataRoot, `it uses storage backend ${state.backend}`, hint);
  }
}

/** The error for an unusable data-root: `DATA_ROOT_INCOMPATIBLE`. Pure. */
export function incompatible(dataRoot: string, reason: string, hint: string): DrayError {
  return new DrayError('DATA_ROOT_INCOMPATIBLE', `cannot use data-root ${dataRoot}: ${reason}`, {
    hint,
    details: { dataRoot, reason },
  });
}
