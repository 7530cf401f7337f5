import type { Duplex } from 'node:stream';
import type { MountablePack } from '@drayage/core/bundle';
import type { ProgramOptions, ProgramResult } from '@drayage/host';

/** The proven file of a pack, where the engine's kernel can mount it. */
export interface PlacedFile {
  readonly path: string;
  /** `DEVICE:INODE` of the file that was proven, on the engine's side: what is mounted must be this one. */
  readonly identity: string;
  /** To be called after the mount: proves that the file was not changed meanwhile. @throws IntegrityError `DIGEST_MISMATCH`, `SIZE_MISMATCH` */
  confirm(): Promise<void>;
  /** Gives up what was kept until the mount: a descriptor, a private copy. What is mounted stays. */
  release(): Promise<void>;
}

/**
 * A helper container on the engine's side: root in the mount namespace of the engine's containerd. All paths are those of that namespace.
 *
 * Every call may cost a round trip (10 – 40 ms through the Docker API), so callers put what belongs together into one `sh -c` script, of
 * which nothing beyond what BusyBox and util-linux share may be asked. After `close` no other member is called; what was mounted stays.
 */
export interface EngineHost {
  /** `local`: the same kernel and file systems, perhaps another mount namespace; `remote`: only by the Docker API. */
  readonly kind: 'local' | 'remote';
  /** This process is in that mount namespace, too: paths there are paths here. */
  readonly sharesMounts: boolean;
  /** Where containerd listens. */
  readonly containerdSocket: string;
  /** A path at which this process itself can connect to that socket; undefined: only by `connectContainerd`. */
  readonly localSocket: string | undefined;
  /** The containerd namespace of the engine's images, where it could be seen; undefined: ask the engine. */
  readonly namespace?: string | undefined;

  /**
   * Runs a program to its end, whatever its exit code.
   * @throws DrayError `MOUNT_UNAVAILABLE` when it cannot be started, `ENGINE_HELPER_FAILED` (remote) when the helper container is lost, `ABORTED`
   */
  run(argv: readonly string[], options?: ProgramOptions): Promise<ProgramResult>;

  /**
   * Brings the file of a pack to where the engine's kernel can mount it. A pack that is there already is not sent again. Local: the file
   * itself, or a private copy of one that others can write to.
   * @throws DrayError `MOUNT_UNAVAILABLE`, `DIGEST_MISMATCH`, `SIZE_MISMATCH`, `PACK_UNTRUSTED`, `DISK_FULL`, `ENGINE_HELPER_FAILED`, `ABORTED`
   */
  placePack(pack: MountablePack, signal?: AbortSignal): Promise<PlacedFile>;

  /** A new connection to containerd; the caller ends or destroys it. @throws DrayError `MOUNT_UNAVAILABLE`, `ENGINE_HELPER_FAILED` */
  connectContainerd(): Promise<Duplex>;

  /** Gives up the helper container and all that serves it; idempotent. */
  close(): Promise<void>;
}
