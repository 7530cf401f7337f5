import type { Digest, Engine, ImageStoreKind, LoadableImage } from '@drayage/core';
import type { MountContent } from '@drayage/core/bundle';
import type { PackTrust } from '@drayage/mount';
import type { StorageBackend, StorageChoice, StorageWish } from '../storage/choose.ts';
import type { Environment } from '@drayage/host';

/** What one may hear while an engine starts. */
export type PrivateEngineEvent =
  | { readonly type: 'note' | 'warning'; readonly message: string }
  /** Something that an engine left behind that died is cleared. */
  | { readonly type: 'clearing'; readonly pid: number; readonly since: string };

export interface PrivateEngineOptions {
  /** A directory of its own, made when it is not there. */
  readonly dataRoot: string;
  /** Of the caller; only the engine's programs and proxies are looked for in it. */
  readonly env: Environment;
  /**
   * A file, or a name to be found on the PATH; `dockerd` unless told. The programs beside it come first for
   * the engine.
   */
  readonly dockerd?: string | undefined;
  /** Unless told: what the data-root has, else `classic`. */
  readonly imageStore?: ImageStoreKind | undefined;
  /** `auto` unless told. */
  readonly storage?: StorageWish | undefined;
  /** Largest size of a loop-ext4 or tmpfs (bytes); unless told 80 % of what is free. */
  readonly storageSizeBytes?: number | undefined;
  /** `auto` (unless told), `none`, or the name of a bridge, which is made when it is not there. */
  readonly bridge?: string | undefined;
  /** URLs of mirrors of Docker Hub. */
  readonly registryMirrors?: readonly string[] | undefined;
  readonly insecureRegistries?: readonly string[] | undefined;
  /** Images that are there from the start; their packs are proven. */
  readonly content?: MountContent | undefined;
  /** Whom to trust with the files of packs; unless told only root. Private copies are events. */
  readonly trust?: Omit<PackTrust, 'onCopy'> | undefined;
  /** A client for the engine; without it nothing can be mounted in the containerd store. */
  readonly openEngine?: ((dockerHost: string) => Promise<Engine>) | undefined;
  /** Longest wait for an answer of the engine (ms, 60000 unless told). */
  readonly timeoutMs?: number | undefined;
  readonly onEvent?: ((event: PrivateEngineEvent) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Whom an engine that starts trusts with its packs. */
export function packTrust({ trust, onEvent }: PrivateEngineOptions): PackTrust {
  return { ...trust, onCopy: (message) => onEvent?.({ type: 'note', message }) };
}

/** An image that was not mounted; it can be loaded. */
export interface UnmountedImage {
  readonly image: LoadableImage;
  readonly reason: string;
}

/** A private engine that answers. It lives on when the process that started it ends. */
export interface PrivateEngine {
  readonly dataRoot: string;
  /** Fit for `DOCKER_HOST`. */
  readonly dockerHost: string;
  readonly pid: number;
  readonly version: string;
  readonly imageStore: ImageStoreKind;
  /** Graph driver or snapshotter, as dockerd calls it. */
  readonly driver: string;
  readonly storage: StorageChoice;
  /** Name of its bridge, or `none`. */
  readonly bridge: string;
  /** Digests of the files of all packs that are mounted. */
  readonly packs: readonly Digest[];
  /** Of those asked for. Whether the engine shows the others is for the caller to look. */
  readonly unmounted: readonly UnmountedImage[];
}

export interface StopOptions {
  readonly dataRoot: string;
  readonly env: Environment;
  /** Removes the data-root as well. */
  readonly purge?: boolean | undefined;
  /** How long the engine may take to end its containers before it is killed (ms, 30000 unless told). */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface StopResult {
  readonly dataRoot: string;
  /**
   * `killed`: it did not end when it was told to. `not-running`: nothing to end; what a dead one left is
   * cleared all the same.
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
   * `starting`: it has the lock and does not answer yet. `elsewhere`: in another container, which cannot be
   * looked into. `left-over`: it died; the next start or stop clears what is left.
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
  /** Of a running engine. */
  readonly version?: string | undefined;
  /** Of a data-root that has been used. */
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
