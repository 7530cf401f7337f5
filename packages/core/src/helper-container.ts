import type { Readable, Writable } from 'node:stream';
import type { ByteStream } from './blob-store.ts';

/**
 * A program on the engine's side. It has ended when both outputs have; they fail with `ENGINE_HELPER_FAILED` when the connection to it is
 * lost before. Both must be read, since they share one connection; destroying the input gives the program up.
 */
export interface HelperProcess {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
}

/** A file for the volume of a helper container. */
export interface HelperFile {
  /** One path element, below the root of the volume. */
  readonly name: string;
  /** Bytes that `open` will give. */
  readonly size: number;
  readonly open: () => Promise<ByteStream>;
}

/** What a helper container needs to know. */
export interface HelperRequest {
  /** Name of the volume that takes its files; it is made when it is missing, and kept. */
  readonly volume: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * A helper container in an engine that is reached by the Docker API alone: root with every capability, in the process namespace of the
 * engine's host, with the host's own programs and no others. It lives as long as its shell has an open input: when this process ends,
 * however that happens, the engine ends and removes it.
 */
export interface HelperContainer {
  /** Of the container: 64 hex digits. */
  readonly containerId: string;
  /** Where programs of the helper see the volume. */
  readonly volumeFolder: string;
  /** Where the engine's host has the volume. */
  readonly volumePath: string;
  /** A POSIX shell that reads its commands from its input. */
  readonly shell: HelperProcess;

  /** Starts another program in the helper. @throws EngineError `ENGINE_HELPER_FAILED`; DrayError `ABORTED` */
  exec(argv: readonly string[], signal?: AbortSignal): Promise<HelperProcess>;

  /**
   * Writes a file into the volume, replacing one of that name. It holds what was sent until then when this fails.
   * @throws EngineError `ENGINE_HELPER_FAILED`; DrayError `ABORTED`; whatever `open` or its stream throws
   */
  upload(file: HelperFile, signal?: AbortSignal): Promise<void>;

  /** Ends the helper and waits until the engine has removed it; idempotent. @throws EngineError `ENGINE_HELPER_FAILED` when it is still there */
  close(): Promise<void>;
}

/** Whoever can put a helper into an engine. */
export interface HelperContainers {
  /**
   * Starts a helper. No image is pulled for it.
   * @throws EngineError `MOUNT_UNAVAILABLE` where the engine cannot or may not give one (rootless, no privileged containers), with a hint;
   * `ENGINE_HELPER_FAILED` when it went wrong; `ENGINE_UNREACHABLE`; DrayError `ABORTED`
   */
  openHelperContainer(request: HelperRequest): Promise<HelperContainer>;
}
