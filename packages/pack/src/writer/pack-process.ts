import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setPriority } from 'node:os';
import type { Writable } from 'node:stream';
import { DrayError, reasonOf, systemErrorCode } from '@drayage/core';
import type { PackTool } from './pack-tool.ts';

/** The program that writes one pack from a tar. */
export interface PackProcess {
  /** Rejects with the reason if the program ends before {@link finish}; otherwise never settles. */
  readonly failure: Promise<never>;
  /**
   * Writes the next pieces of the tar; resolves when there is room for more.
   * @throws DrayError as {@link finish}
   */
  write(pieces: readonly Buffer[]): Promise<void>;
  /** Waits until the pack is complete. @throws DrayError `DISK_FULL`, `PACK_WRITE_FAILED` */
  finish(): Promise<void>;
  /** Kills the program if it still runs, and waits until it has ended. */
  kill(): Promise<void>;
}

interface Ending {
  readonly succeeded: boolean;
  /** The error if the program failed. */
  readonly error: DrayError;
}

const maxComplaintBytes = 4096;
/**
 * This process has priority, because the program's threads wait for its input anyway. Low, because tests may
 * run beside it.
 */
const niceness = 5;

/** Starts the program on a file that does not exist yet. */
export function startPackProcess(tool: PackTool, file: string): PackProcess {
  const child = spawn(tool.command, tool.args(file), { env: tool.env, stdio: ['pipe', 'ignore', 'pipe'] });
  if (child.pid !== undefined) giveWay(child.pid);
  const { stdin } = child;
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-maxComplaintBytes);
  });
  // The program's exit says more than the broken pipe.
  stdin.on('error', () => undefined);
  let isEnding = false;
  const ended = new Promise<Ending>((resolve) => {
    child.on('error', (error) =>
      resolve({ succeeded: false, error: failed(tool, file, reasonOf(error), error) }),
    );
    child.on('close', (code, signal) =>
      resolve({ succeeded: code === 0, error: failed(tool, file, complaintOf(complaint, code, signal)) }),
    );
  });
  const failure = ended.then(async ({ succeeded, error }): Promise<never> => {
    if (!succeeded || !isEnding) throw error;
    return new Promise<never>(() => undefined);
  });
  failure.catch(() => undefined);
  let written = writeAll(stdin, [tool.beginning]);
  return {
    failure,
    async write(pieces) {
      const before = written;
      written = before.then(() => writeAll(stdin, pieces));
      written.catch(() => undefined);
      // Writes one batch while the next is made.
      await Promise.race([before, failure]);
    },
    async finish() {
      await Promise.race([written, failure]);
      isEnding = true;
      stdin.end();
      const { succeeded, error } = await ended;
      if (!succeeded) throw error;
      await tool.finish(file);
    },
    async kill() {
      isEnding = true;
      if (child.pid === undefined) return;
      child.kill('SIGKILL');
      stdin.destroy();
      await ended;
    },
  };
}

/**
 * Lowers the program's priority. Failing is fine: the program may have ended, or the system may forbid it.
 */
function giveWay(pid: number): void {
  try {
    setPriority(pid, niceness);
  } catch {
    return;
  }
}

/** Never rejects: if the program stops reading, its exit reports why. */
async function writeAll(stdin: Writable, pieces: readonly Buffer[]): Promise<void> {
  if (stdin.destroyed) return;
  stdin.cork();
  for (const piece of pieces) if (piece.length > 0) stdin.write(piece);
  stdin.uncork();
  if (stdin.writableNeedDrain) await once(stdin, 'drain').catch(() => undefined);
}

function complaintOf(complaint: string, code: number | null, signal: string | null): string {
  const lines = complaint.split('\n').map((line) => line.trim());
  const said = lines.filter((line) => line !== '').slice(-3);
  const end = code === null ? `killed by ${signal ?? 'a signal'}` : `exit code ${String(code)}`;
  return [...said, end].join('; ');
}

function failed({ name }: PackTool, file: string, reason: string, cause?: unknown): DrayError {
  const isFull = /no space left|quota exceeded/i.test(reason) || systemErrorCode(cause) === 'ENOSPC';
  const message = `cannot write pack ${file} with ${name}: ${reason}`;
  return isFull
    ? new DrayError('DISK_FULL', message, {
        hint: 'Free disk space there, or choose another directory with --bundle.',
        cause,
        details: { file },
      })
    : new DrayError('PACK_WRITE_FAILED', message, { cause, details: { file } });
}
