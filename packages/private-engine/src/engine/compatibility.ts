import { DrayError, type ImageStoreKind } from '@drayage/core';
import type { StorageWish } from '../storage/choose.ts';
import type { DataRootState } from './state.ts';

export interface WantedSettings {
  /** Undefined: whatever the data-root has. */
  readonly imageStore: ImageStoreKind | undefined;
  readonly storage: StorageWish;
}

// What engines of any version keep at the top of their data-root.
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
 * Checks that a directory is ours, or nobody's. `names` is what is in it. Pure.
 * @throws DrayError `DATA_ROOT_INCOMPATIBLE`
 */
export function checkNotForeign(dataRoot: string, names: readonly string[]): void {
  if (names.includes('.drayage')) return;
  const foreign = names.filter((name) => engineNames.includes(name) || name === 'data');
  if (foreign.length === 0) return;
  throw incompatible(
    dataRoot,
    `an engine that is not ours has used it (${foreign.join(', ')})`,
    'Give a directory of its own with --data-root.',
  );
}

/** Checks that a data-root can be used as it is wanted. Pure. @throws DrayError `DATA_ROOT_INCOMPATIBLE` */
export function checkCompatible(dataRoot: string, state: DataRootState, wanted: WantedSettings): void {
  const hint = 'Give another --data-root, or remove it first with "dray engine stop --purge".';
  if (wanted.imageStore !== undefined && wanted.imageStore !== state.imageStore) {
    throw incompatible(dataRoot, `it was made for the ${state.imageStore} image store`, hint);
  }
  if (wanted.storage !== 'auto' && wanted.storage !== state.backend) {
    throw incompatible(dataRoot, `it was made with storage backend ${state.backend}`, hint);
  }
}

/** The error for a data-root that cannot be used: `DATA_ROOT_INCOMPATIBLE`. Pure. */
export function incompatible(dataRoot: string, reason: string, hint: string): DrayError {
  return new DrayError('DATA_ROOT_INCOMPATIBLE', `cannot use data-root ${dataRoot}: ${reason}`, {
    hint,
    details: { dataRoot, reason },
  });
}
