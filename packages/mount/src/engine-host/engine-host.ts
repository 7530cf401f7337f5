import type { Duplex } from 'node:stream';
import type { MountablePack } from '@drayage/core/bundle';
import type { ProgramOptions, ProgramResult } from '@drayage/host';
import type { PlacedFile } from '../pack-files/placed-file.ts';

/**
 * The host of an engine, as root in the mount namespace of the engine's containerd. All paths are of that
 * namespace.
 *
 * Every call may cost a round trip (10–40 ms through the Docker API), so callers put related commands into
 * one `sh -c` script, which uses only what BusyBox and util-linux share. After `close` no other member is
 * called; mounts stay.
 */
export interface EngineHost {
  /** `local`: the same kernel, perhaps another mount namespace; `remote`: reached through the Docker API. */
  readonly kind: 'local' | 'remote';
  /** True when this process is in that mount namespace, too. */
  readonly sharesMounts: boolean;
  /** The path where containerd listens. */
  readonly containerdSocket: string;
  /**
   * A path at which this process itself can connect to that socket; undefined: only by `connectContainerd`.
   */
  readonly localSocket: string | undefined;
  /** The containerd namespace of the engine's images; undefined: ask the engine. */
  readonly namespace?: string | undefined;

  /**
   * Runs a program to its end, whatever its exit code.
   * @throws DrayError `MOUNT_UNAVAILABLE` when it cannot be started, `ENGINE_HELPER_FAILED` (remote) when the
   * helper container is lost, `ABORTED`
   */
  run(argv: readonly string[], options?: ProgramOptions): Promise<ProgramResult>;

  /**
   * Brings a pack to where the engine's kernel can mount it, unless it is there. Local: its file, or a private
   * copy of a file that others can write to.
   * @throws DrayError `MOUNT_UNAVAILABLE`, `DIGEST_MISMATCH`, `SIZE_MISMATCH`, `PACK_UNTRUSTED`, `DISK_FULL`,
   * `ENGINE_HELPER_FAILED`, `ABORTED`
   */
  placePack(pack: MountablePack, signal?: AbortSignal): Promise<PlacedFile>;

  /**
   * A new connection to containerd; the caller ends or destroys it.
   * @throws DrayError `MOUNT_UNAVAILABLE`, `ENGINE_HELPER_FAILED`
   */
  connectContainerd(): Promise<Duplex>;

  /** Releases everything that serves it; idempotent. */
  close(): Promise<void>;
}
