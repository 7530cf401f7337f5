import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile, statfs } from 'node:fs/promises';

/** Limits for a program that extracts files. */
export interface ExtractionBounds {
  /** Size of one file, including holes (bytes). */
  readonly maxFileBytes: number;
  /** Total written (bytes). */
  readonly maxBytes: number;
  /** The target directory; some space on its file system always stays free. */
  readonly directory: string;
}

export interface BoundedRun {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly bounds: ExtractionBounds;
  readonly signal: AbortSignal | undefined;
}

/**
 * How a bounded program ended. `exceeded`: killed because its files exceed the limits; `full`: killed before
 * the disk was full.
 */
export type BoundedEnd =
  | { readonly kind: 'exited'; readonly status: number; readonly message: string }
  | { readonly kind: 'exceeded' | 'full' | 'aborted' };

const lookMs = 20;
/** Space that stays free (bytes, and files). */
const reserveBytes = 32 * 1024 ** 2;
const reserveFiles = 100;
/** Limit for the program's output (bytes). */
const printedBytes = 1024 ** 2;
const messageBytes = 4096;
const blockBytes = 512;
/** The signal that Linux sends to a process that writes beyond the limit. */
const overLimit = 'SIGXFSZ';

// If the limit cannot be set, a lower one already applies.
const limited = 'ulimit -S -f "$1" 2>/dev/null; shift; exec "$@"';

/**
 * Runs a program that extracts files, and kills it once it exceeds the limits. The kernel limits the size of
 * a file; the total is polled from the process's written bytes (Linux). The last free blocks are never used.
 * Rejects if the program cannot be started.
 */
export async function runBounded({ command, args, env, bounds, signal }: BoundedRun): Promise<BoundedEnd> {
  if (signal?.aborted === true) return { kind: 'aborted' };
  const blocks = Math.ceil(bounds.maxFileBytes / blockBytes) + 1;
  const child = spawn('/bin/sh', ['-c', limited, 'sh', String(blocks), command, ...args], {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let message = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    message = `${message}${text}`.slice(-messageBytes);
  });
  let stopped: 'exceeded' | 'full' | 'aborted' | undefined;
  const stop = (reason: 'exceeded' | 'full' | 'aborted'): void => {
    stopped ??= reason;
    child.kill('SIGKILL');
  };
  const onAbort = (): void => stop('aborted');
  signal?.addEventListener('abort', onAbort, { once: true });
  const watcher = watch(child, bounds, stop);
  try {
    const [status, by] = await ended(child);
    if (stopped !== undefined) return { kind: stopped };
    if (by === overLimit) return { kind: 'exceeded' };
    return { kind: 'exited', status: status ?? 1, message: message.trim() || endText(status, by) };
  } finally {
    watcher.stop();
    signal?.removeEventListener('abort', onAbort);
  }
}

async function ended(child: ChildProcess): Promise<readonly [number | null, NodeJS.Signals | null]> {
  await once(child, 'close');
  return [child.exitCode, child.signalCode];
}

function endText(status: number | null, by: NodeJS.Signals | null): string {
  return by === null ? `exit code ${String(status)}` : `killed by ${by}`;
}

function watch(
  { pid }: ChildProcess,
  { maxBytes, directory }: ExtractionBounds,
  stop: (reason: 'exceeded' | 'full') => void,
): { stop(): void } {
  let timer: NodeJS.Timeout | undefined;
  let isOver = false;
  const look = async (): Promise<void> => {
    if ((await writtenBytes(pid)) > maxBytes + printedBytes) stop('exceeded');
    else if (await isNearlyFull(directory)) stop('full');
    if (!isOver) timer = setTimeout(() => void look(), lookMs);
  };
  void look();
  return {
    stop() {
      isOver = true;
      clearTimeout(timer);
    },
  };
}

/** The bytes that a process has written; 0 if the system does not report it. @see proc(5), /proc/pid/io */
async function writtenBytes(pid: number | undefined): Promise<number> {
  const text = await readFile(`/proc/${String(pid)}/io`, 'utf8').catch(() => '');
  return Number(/^wchar: (\d+)$/m.exec(text)?.[1] ?? 0);
}

async function isNearlyFull(directory: string): Promise<boolean> {
  const found = await statfs(directory).catch(() => undefined);
  if (found === undefined) return false;
  const { bavail, bsize, files, ffree } = found;
  return bavail * bsize < reserveBytes || (files > 0 && ffree < reserveFiles);
}

/** Free space of a directory above the reserve (bytes). */
export async function spaceIn(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory);
  return Math.max(0, bavail * bsize - reserveBytes);
}
