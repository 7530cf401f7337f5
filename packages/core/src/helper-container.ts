import type { Readable, Writable } from 'node:stream';
import type { ByteStream } from './blob-store.ts';

/**
 * A program in the helper container. It has ended when both outputs have; they fail with
 * `ENGINE_HELPER_FAILED` when the connection breaks first. Read both, since they share one connection;
 * destroy the input to stop the program.
 */
export interface HelperProcess {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
}

/** A file for the volume of a helper container. */
export interface HelperFile {
  /** A single path element, relative to the volume's root. */
  readonly name: string;
  /** Size of what `open` returns (bytes). */
  readonly size: number;
  readonly open: () => Promise<ByteStream>;
}

export interface HelperRequest {
  /** The volume for its files; created when missing, and kept. */
  readonly volume: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * A helper container in an engine that is reached by the Docker API alone: root with every capability, in the
 * process namespace of the engine host, with only the host's own programs. It lives as long as its shell's
 * input is open: when this process ends for any reason, the engine ends and removes it.
 */
export interface HelperContainer {
  /** 64 hex digits. */
  readonly containerId: string;
  /** The volume's path inside the helper container. */
  readonly volumeFolder: string;
  /** The volume's path on the engine host. */
  readonly volumePath: string;
  /** A POSIX shell that reads its commands from its input. */
  readonly shell: HelperProcess;

  /**
   * Starts another program in the helper container. @throws EngineError `ENGINE_HELPER_FAILED`; DrayError
   * `ABORTED`
   */
  exec(argv: readonly string[], signal?: AbortSignal): Promise<HelperProcess>;

  /**
   * Writes a file into the volume, replacing one of the same name. On failure the file holds what was sent so
   * far.
   * @throws EngineError `ENGINE_HELPER_FAILED`; DrayError `ABORTED`; whatever `open` or its stream throws
   */
  upload(file: HelperFile, signal?: AbortSignal): Promise<void>;

  /**
   * Ends the helper container and waits until the engine has removed it; idempotent. @throws EngineError
   * `ENGINE_HELPER_FAILED` when it still exists
   */
  close(): Promise<void>;
}

/** Starts helper containers in an engine. */
export interface HelperContainers {
  /**
   * Starts a helper container without pulling an image.
   * @throws EngineError `MOUNT_UNAVAILABLE`, with a hint, when the engine cannot or must not run one
   * (rootless, no privileged containers); `ENGINE_HELPER_FAILED` when it fails; `ENGINE_UNREACHABLE`;
   * DrayError `ABORTED`
   */
  openHelperContainer(request: HelperRequest): Promise<HelperContainer>;
}
