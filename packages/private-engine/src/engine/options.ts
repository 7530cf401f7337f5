import type { Digest, Engine, ImageStoreKind, LoadableImage } from '@drayage/core';
import type { MountContent } from '@drayage/core/bundle';
import type { PackTrust } from '@drayage/mount';
import type { StorageBackend, StorageChoice, StorageWish } from '../storage/choose.ts';
import type { Environment } from '@drayage/host';

/** Events during the start of an engine. */
export type PrivateEngineEvent =
  | { readonly type: 'note' | 'warning'; readonly message: string }
  /** Remains of a dead engine are being cleared. */
  | { readonly type: 'clearing'; readonly pid: number; readonly since: string };

export interface PrivateEngineOptions {
  /** A directory for this engine alone; created if missing. */
  readonly dataRoot: string;
  /** The caller's environment; only used to find the engine's programs and proxies. */
  readonly env: Environment;
  /**
   * Path of dockerd, or a name to find on the PATH. Default: `dockerd`. The engine prefers programs beside
   * it.
   */
  readonly dockerd?: string | undefined;
  /** Default: the data-root's store, else `classic`. */
  readonly imageStore?: ImageStoreKind | undefined;
  /** Default: `auto`. */
  readonly storage?: StorageWish | undefined;
  /** Maximum size of a loop-ext4 or tmpfs (bytes). Default: 80 % of the free space. */
  readonly storageSizeBytes?: number | undefined;
  /** `auto` (default), `none`, or the name of a bridge, which is created if missing. */
  readonly bridge?: string | undefined;
  /** URLs of mirrors of Docker Hub. */
  readonly registryMirrors?: readonly string[] | undefined;
  readonly insecureRegistries?: readonly string[] | undefined;
  /** Images that are there from the start; their packs are proven. */
  readonly content?: MountContent | undefined;
  /**
   * Which users may be able to write to pack files. Default: only root. Private copies are reported as
   * events.
   */
  readonly trust?: Omit<PackTrust, 'onCopy'> | undefined;
  /** Creates a client for the engine; required to mount into the containerd store. */
  readonly openEngine?: ((dockerHost: string) => Promise<Engine>) | undefined;
  /** Maximum wait for the engine's first answer (ms). Default: 60000. */
  readonly timeoutMs?: number | undefined;
  readonly onEvent?: ((event: PrivateEngineEvent) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The trust settings for the engine's packs, with private copies reported as notes. */
export function packTrust({ trust, onEvent }: PrivateEngineOptions): PackTrust {
  return { ...trust, onCopy: (message) => onEvent?.({ type: 'note', message }) };
}

/** An image that was not mounted but can be loaded. */
export interface UnmountedImage {
  readonly image: LoadableImage;
  readonly reason: string;
}

/** A running private engine. It keeps running when its starter ends. */
export interface PrivateEngine {
  readonly dataRoot: string;
  /** A value for `DOCKER_HOST`. */
  readonly dockerHost: string;
  readonly pid: number;
  readonly version: string;
  readonly imageStore: ImageStoreKind;
  /** Graph driver or snapshotter, in dockerd's terms. */
  readonly driver: string;
  readonly storage: StorageChoice;
  /** Name of the bridge, or `none`. */
  readonly bridge: string;
  /** Digests of all mounted pack files. */
  readonly packs: readonly Digest[];
  /** Requested images that were not mounted. The caller checks that the engine shows the others. */
  readonly unmounted: readonly UnmountedImage[];
}

export interface StopOptions {
  readonly dataRoot: string;
  readonly env: Environment;
  /** Also removes the data-root. */
  readonly purge?: boolean | undefined;
  /** Time for the engine to end its containers before it is killed (ms). Default: 30000. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface StopResult {
  readonly dataRoot: string;
  /**
   * `killed`: it did not end in time. `not-running`: there was no engine; remains of a dead one are cleared
   * all the same.
   */
  readonly outcome: 'stopped' | 'killed' | 'not-running';
  readonly purged: boolean;
}

export interface StatusOptions {
  readonly dataRoot: string;
}

export interface PrivateEngineStatus {
  readonly dataRoot: string;
  /**
   * `starting`: it has the lock but does not answer yet. `elsewhere`: it is in another container, out of
   * sight. `left-over`: it died; the next start or stop clears its remains.
   */
  readonly state: 'running' | 'starting' | 'elsewhere' | 'left-over' | 'stopped';
  readonly owner?:
    | {
        readonly pid: number;
        readonly hostname: string;
        readonly since: string;
        readonly dockerHost: string;
      }
    | undefined;
  /** Only of a running engine. */
  readonly version?: string | undefined;
  /** Only of a data-root that has been used. */
  readonly storage?:
    | {
        readonly imageStore: ImageStoreKind;
        readonly driver: string;
        readonly backend: StorageBackend;
        readonly reason: string;
        readonly packs: readonly { readonly digest: Digest; readonly file: string }[];
      }
    | undefined;
}
