import type { Duplex } from 'node:stream';
import type { MountablePack } from '@drayage/core/bundle';
import type { ProgramOptions, ProgramResult } from '@drayage/host';
import type { PlacedFile } from '../pack-files/placed-file.ts';

/**
 * The host of an engine. Commands run as root in the mount namespace of the engine's containerd, and all
 * paths are paths of that namespace.
 * Each call may cost a round trip (10–40 ms through the Docker API), so callers combine related commands into
 * one `sh -c` script that uses only features common to BusyBox and util-linux. After `close`, call no other
 * member; mounts stay.
 */
export interface EngineHost {
  /**
   * `local`: the same kernel, perhaps another mount namespace; `remote`: reached only through the Docker API.
   */
  readonly kind: 'local' | 'remote';
  /** True if this process is in the same mount namespace. */
  readonly sharesMounts: boolean;
  /** Path of containerd's socket in that namespace. */
  readonly containerdSocket: string;
  /** A path at which this process can connect to that socket; undefined: use `connectContainerd`. */
  readonly localSocket: string | undefined;
  /** The containerd namespace of the engine's images; undefined: ask the engine. */
  readonly namespace?: string | undefined;

  /**
   * Runs a program and waits until it ends; any exit code is a result.
   * @throws DrayError `MOUNT_UNAVAILABLE` if it cannot be started, `ENGINE_HELPER_FAILED` (remote) if the
   * helper container is lost, `ABORTED`
   */
  run(argv: readonly string[], options?: ProgramOptions): Promise<ProgramResult>;

  /**
   * Puts a pack where the engine's kernel can mount it, unless it is there already. Local: the pack's own
   * file, or a private copy if others can write to that file.
   * @throws DrayError `MOUNT_UNAVAILABLE`, `DIGEST_MISMATCH`, `SIZE_MISMATCH`, `PACK_UNTRUSTED`, `DISK_FULL`,
   * `ENGINE_HELPER_FAILED`, `ABORTED`
   */
  placePack(pack: MountablePack, signal?: AbortSignal): Promise<PlacedFile>;

  /**
   * Opens a connection to containerd, which the caller ends or destroys.
   * @throws DrayError `MOUNT_UNAVAILABLE`, `ENGINE_HELPER_FAILED`
   */
  connectContainerd(): Promise<Duplex>;

  /** Releases all resources. Idempotent. */
  close(): Promise<void>;
}
