import { rm } from 'node:fs/promises';
import { abortError } from '@drayage/core';
import { tarEnd } from '@drayage/core/bundle';
import type { PackFilesystem, PackRequest, PackSource, PackWriter, PackedLayer } from '@drayage/core/bundle';
import { defaultLimits, type LayerLimits } from '../layer/limits.ts';
import { packLayer } from './pack-layer.ts';
import { abilities } from '../layer/xattrs.ts';
import { startPackProcess, type PackProcess } from './pack-process.ts';
import type { Environment } from '@drayage/host';
import { plainEnvironment, type PackTool } from './pack-tool.ts';
import { erofsTool } from './erofs-tool.ts';
import { squashfsTool } from './squashfs-tool.ts';

/** Options for writing packs. */
export interface PackWriterOptions {
  /** The program for squashfs. Default: `mksquashfs`, 4.5 or newer. */
  readonly mksquashfs?: string | undefined;
  /** The program for EROFS. Default: `mkfs.erofs`, 1.8 or newer. */
  readonly mkfsErofs?: string | undefined;
  /**
   * The environment: programs are found in its `PATH` (default: the usual directories). Only
   * `LD_LIBRARY_PATH` and `TMPDIR` are passed on to them.
   */
  readonly env?: Environment | undefined;
  /** Threads that compress squashfs. Default: 2. */
  readonly processors?: number | undefined;
  /** For the queues of mksquashfs (bytes). Default and minimum: 16 MiB. */
  readonly memoryBytes?: number | undefined;
  /** Default {@link defaultLimits}. */
  readonly limits?: Partial<LayerLimits> | undefined;
}

/** Writes packs with programs of this machine. Implements `PackWriter`. */
export function createPackWriter(options: PackWriterOptions = {}): PackWriter {
  return {
    async write(request) {
      const stop = new AbortController();
      const onAbort = (): void => stop.abort(request.signal?.reason);
      request.signal?.addEventListener('abort', onAbort);
      if (request.signal?.aborted === true) onAbort();
      try {
        return await writePack(request, options, stop);
      } finally {
        request.signal?.removeEventListener('abort', onAbort);
      }
    },
  };
}

async function writePack(
  request: PackRequest,
  options: PackWriterOptions,
  stop: AbortController,
): Promise<readonly PackedLayer[]> {
  const { file, filesystem, ingest, onProgress = () => undefined } = request;
  const { signal } = stop;
  const limits = { ...defaultLimits, ...options.limits };
  const tool = await findTool(filesystem, options);
  const packed: PackedLayer[] = [];
  let process: PackProcess | undefined;
  try {
    for await (const source of untilStopped(request.layers, signal)) {
      process ??= startStoppable(tool, file, stop);
      const common = { process, ingest, limits, onProgress, signal };
      packed.push(await packLayer({ source, abilities: abilities[filesystem], ...common }));
    }
    await process?.write([tarEnd()]);
    await process?.finish();
    return packed;
  } catch (error) {
    // The original reason of a stop, not the errors that it causes elsewhere.
    const reason = signal.aborted ? stopError(signal) : error;
    await process?.kill();
    await rm(file, { force: true });
    throw reason;
  }
}

/** Starts the program. A stop kills it, and its early end causes a stop. */
function startStoppable(tool: PackTool, file: string, stop: AbortController): PackProcess {
  const process = startPackProcess(tool, file);
  process.failure.catch((error: unknown) => stop.abort(error));
  stop.signal.addEventListener('abort', () => void process.kill());
  return process;
}

async function findTool(filesystem: PackFilesystem, options: PackWriterOptions): Promise<PackTool> {
  const { mksquashfs = 'mksquashfs', mkfsErofs = 'mkfs.erofs', env = {} } = options;
  const { processors = 2, memoryBytes = 16 * 1024 ** 2 } = options;
  return filesystem === 'squashfs'
    ? squashfsTool(mksquashfs, plainEnvironment(env), { processors, memoryBytes })
    : erofsTool(mkfsErofs, plainEnvironment(env));
}

function stopError(signal: AbortSignal): unknown {
  return abortError(signal, 'write a pack');
}

/** Yields the layers; ends if there is a stop while the next one is awaited. */
async function* untilStopped(layers: PackRequest['layers'], signal: AbortSignal): AsyncGenerator<PackSource> {
  const iterator =
    Symbol.asyncIterator in layers ? layers[Symbol.asyncIterator]() : layers[Symbol.iterator]();
  let rejectWaiter: (reason: unknown) => void = () => undefined;
  const onStop = (): void => rejectWaiter(stopError(signal));
  signal.addEventListener('abort', onStop);
  let hasEnded = false;
  try {
    for (;;) {
      const step = await new Promise<IteratorResult<PackSource, unknown>>((resolve, reject) => {
        rejectWaiter = reject;
        if (signal.aborted) onStop();
        else Promise.resolve(iterator.next()).then(resolve, reject);
      });
      if (step.done === true) {
        hasEnded = true;
        return;
      }
      yield step.value;
    }
  } finally {
    signal.removeEventListener('abort', onStop);
    // Not awaited, because a silent source might never answer.
    if (!hasEnded) void Promise.resolve(iterator.return?.()).catch(() => undefined);
  }
}
