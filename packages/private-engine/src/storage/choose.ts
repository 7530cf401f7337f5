import { DrayError } from '@drayage/core';

/** Where and how a private engine keeps its layers. */
export const storageBackends = ['overlay2', 'loop-ext4', 'tmpfs', 'fuse-overlayfs', 'vfs'] as const;

export type StorageBackend = (typeof storageBackends)[number];

/** `auto`: the best that works. */
export type StorageWish = 'auto' | StorageBackend;

/** What came of trying something: undefined when it works, else why it does not. */
export type Trial = string | undefined;

/** What the choice depends on. */
export interface StorageFacts {
  /** Of the data-root, as the kernel calls it: `ext4`, `overlay`, … */
  readonly filesystem: string;
  /** An overlay was mounted with its upper directory in the data-root. */
  readonly overlayHere: Trial;
  /** The same on a file system that is known to be fit: whether the kernel allows it at all. */
  readonly overlayAnywhere: Trial;
  /** A file can be made an ext4 file system and mounted. */
  readonly loopExt4: Trial;
  readonly fuseOverlayfs: Trial;
  /** Free space of the data-root (bytes). */
  readonly freeBytes: number;
  /** Memory that could be used without swapping (bytes). */
  readonly memoryBytes: number;
}

export interface StorageChoice {
  readonly backend: StorageBackend;
  readonly reason: string;
  /** What would have been better or was as good, and why it is not that. */
  readonly rejected: readonly { readonly backend: StorageBackend; readonly reason: string }[];
  /** What one should know about the choice. */
  readonly warnings: readonly string[];
}

/** Less does not hold the images of any job. */
const leastTmpfsBytes = 512 * 1024 * 1024;

/** What each backend is, in the order of preference of `auto`. */
const reasons: Readonly<Record<StorageBackend, (facts: StorageFacts) => string>> = {
  overlay2: ({ filesystem }) => `the kernel's overlay works on ${filesystem} here`,
  'loop-ext4': ({ filesystem }) => `the kernel's overlay does not work on ${filesystem}, but on an ext4 file`,
  tmpfs: () => 'it was asked for, and memory is there',
  'fuse-overlayfs': () => 'the kernel refuses overlay mounts, so a program does them',
  vfs: () => 'nothing else works here',
};

const vfsWarning =
  'storage driver vfs copies every file of an image for each layer and each container: slow, and many times the space; packs cannot be mounted';

const tmpfsWarning = 'the data-root is in memory: what is in it is gone once the engine stops';

/**
 * Chooses the storage backend: what was asked for, or the best that works. Pure.
 * @throws DrayError `STORAGE_UNAVAILABLE` when what was asked for does not work; `details` hold the choice that `auto` would make
 */
export function chooseStorage(facts: StorageFacts, wish: StorageWish): StorageChoice {
  const trials = backendTrials(facts);
  const best =
    storageBackends.find((backend) => backend !== 'tmpfs' && trials[backend] === undefined) ?? 'vfs';
  if (wish === 'auto') return choice(best, facts, trials);
  const problem = trials[wish];
  if (problem === undefined) return choice(wish, facts, trials, 'it was asked for');
  throw new DrayError('STORAGE_UNAVAILABLE', `cannot use storage backend ${wish}: ${problem}`, {
    hint: `Use --storage ${best}: ${reasons[best](facts)}.`,
    details: { backend: wish, reason: problem, wouldWork: best },
  });
}

/** The facts once it has turned out that a backend does not work although it should. Pure. */
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
    reason: trials[other] ?? 'it was not asked for',
  }));
  const warnings = backend === 'vfs' ? [vfsWarning] : backend === 'tmpfs' ? [tmpfsWarning] : [];
  return { backend, reason, rejected, warnings };
}
