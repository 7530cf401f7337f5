import { DrayError } from '@drayage/core';

/** How a private engine can store layers. */
export const storageBackends = ['overlay2', 'loop-ext4', 'tmpfs', 'fuse-overlayfs', 'vfs'] as const;

export type StorageBackend = (typeof storageBackends)[number];

/** `auto`: the best backend that works. */
export type StorageWish = 'auto' | StorageBackend;

/** The result of a trial: undefined if it works, else the reason why not. */
export type Trial = string | undefined;

/** Facts on which the choice depends. */
export interface StorageFacts {
  /** The data-root's file system in the kernel's terms: `ext4`, `overlay`, … */
  readonly filesystem: string;
  /** An overlay mount with its upper directory in the data-root. */
  readonly overlayHere: Trial;
  /** The same on a suitable file system: shows whether the kernel permits overlay mounts at all. */
  readonly overlayAnywhere: Trial;
  /** Whether an ext4 disk image can be made and mounted. */
  readonly loopExt4: Trial;
  readonly fuseOverlayfs: Trial;
  /** Free space of the data-root (bytes). */
  readonly freeBytes: number;
  /** Memory available without swapping (bytes). */
  readonly memoryBytes: number;
}

export interface StorageChoice {
  readonly backend: StorageBackend;
  readonly reason: string;
  /** The other backends, and why each was not chosen. */
  readonly rejected: readonly { readonly backend: StorageBackend; readonly reason: string }[];
  /** Warnings for the user. */
  readonly warnings: readonly string[];
}

/** Less is too small for the images of any job. */
const leastTmpfsBytes = 512 * 1024 * 1024;

/** Why each backend is chosen; `auto` prefers them in this order. */
const reasons: Readonly<Record<StorageBackend, (facts: StorageFacts) => string>> = {
  overlay2: ({ filesystem }) => `the kernel's overlay works on ${filesystem} here`,
  'loop-ext4': ({ filesystem }) => `the kernel's overlay does not work on ${filesystem}, but on an ext4 file`,
  tmpfs: () => 'it was requested, and there is enough memory',
  'fuse-overlayfs': () => 'the kernel refuses overlay mounts; fuse-overlayfs works without them',
  vfs: () => 'nothing else works here',
};

const vfsWarning =
  'storage driver vfs copies all files for each layer and each container, which is slow and takes many times the space; packs cannot be mounted';

const tmpfsWarning = 'the data-root is in memory: its contents are lost when the engine stops';

/**
 * Chooses the storage backend: the requested one, or the best that works. Pure.
 * @throws DrayError `STORAGE_UNAVAILABLE` if the requested backend does not work; `details` contain the
 * choice of `auto`
 */
export function chooseStorage(facts: StorageFacts, wish: StorageWish): StorageChoice {
  const trials = backendTrials(facts);
  const best =
    storageBackends.find((backend) => backend !== 'tmpfs' && trials[backend] === undefined) ?? 'vfs';
  if (wish === 'auto') return choice(best, facts, trials);
  const problem = trials[wish];
  if (problem === undefined) return choice(wish, facts, trials, 'it was requested');
  throw new DrayError('STORAGE_UNAVAILABLE', `cannot use storage backend ${wish}: ${problem}`, {
    hint: `Use --storage ${best}: ${reasons[best](facts)}.`,
    details: { backend: wish, reason: problem, wouldWork: best },
  });
}

/** Updates the facts after a backend failed although its probe succeeded. Pure. */
export function withFailure(facts: StorageFacts, backend: StorageBackend, reason: string): StorageFacts {
  switch (backend) {
    case 'overlay2':
      return { ...facts, overlayHere: reason };
    case 'loop-ext4':
      return { ...facts, loopExt4: reason };
    case 'fuse-overlayfs':
      return { ...facts, fuseOverlayfs: reason };
    case 'tmpfs':
      return { ...facts, memoryBytes: 0 };
    case 'vfs':
      return facts;
  }
}

function backendTrials(facts: StorageFacts): Readonly<Record<StorageBackend, Trial>> {
  const { overlayHere, overlayAnywhere, loopExt4, fuseOverlayfs, memoryBytes } = facts;
  const onOther = overlayAnywhere === undefined ? undefined : `overlay does not work: ${overlayAnywhere}`;
  const memory = memoryBytes < leastTmpfsBytes ? 'there is not enough free memory' : undefined;
  return {
    overlay2: overlayHere,
    'loop-ext4': onOther ?? loopExt4,
    tmpfs: onOther ?? memory,
    'fuse-overlayfs': fuseOverlayfs,
    vfs: undefined,
  };
}

function choice(
  backend: StorageBackend,
  facts: StorageFacts,
  trials: Readonly<Record<StorageBackend, Trial>>,
  reason: string = reasons[backend](facts),
): StorageChoice {
  const others = storageBackends.slice(0, storageBackends.indexOf(backend));
  const rejected = others.map((other) => ({
    backend: other,
    reason: trials[other] ?? 'it was not requested',
  }));
  const warnings = backend === 'vfs' ? [vfsWarning] : backend === 'tmpfs' ? [tmpfsWarning] : [];
  return { backend, reason, rejected, warnings };
}
