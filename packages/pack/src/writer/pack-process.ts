import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setPriority } from 'node:os';
import type { Writable } from 'node:stream';
import { DrayError, reasonOf, systemErrorCode } from '@drayage/core';
import type { PackTool } from './pack-tool.ts';

/** The program that writes one pack, fed with a tar. */
export interface PackProcess {
  /** Settles never unless the program ends before {@link finish}: then it rejects with why. */
  readonly failure: Promise<never>;
  /** Hands over the next pieces of the tar; resolves when there is room for more. @throws DrayError as {@link finish} */
  write(pieces: readonly Buffer[]): Promise<void>;
  /** Waits until the pack is complete. @throws DrayError `DISK_FULL`, `PACK_WRITE_FAILED` */
  finish(): Promise<void>;
  /** Ends the program, if it has not ended, and waits until it has. */
  kill(): Promise<void>;
}

interface Ending {
  readonly succeeded: boolean;
  /** The error of a program that did not succeed. */
  readonly error: DrayError;
}

const maxComplaintBytes = 4096;
/** What feeds the program goes first, as its threads would wait for it anyway; no more than that, since tests may run beside it. */
const niceness = 5;

/** Starts the program on a file that is not there yet. */
export function startPackProcess(tool: PackTool, file: string): PackProcess {
  const child = spawn(tool.command, tool.args(file), { env: tool.env, stdio: ['pipe', 'ignore', 'pipe'] });
  if (child.pid !== undefined) giveWay(child.pid);
  const { stdin } = child;
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-maxComplaintBytes);
  });
  // The program's end tells more than the broken pipe.
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
      // One batch is under way while the next is made.
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

/** A program that has ended already, or may not be asked to, is as good. */
function giveWay(pid: number): void {
  try {
    setPriority(pid, niceness);
  } catch {
    return;
  }
}

/** Never rejects: that the program does not take it is told by its end. */
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
  const end = code === null ? `it was ended by ${signal ?? 'a signal'}` : `it ended with ${String(code)}`;
  return [...said, end].join('; ');
}

function failed({ name }: PackTool, file: string, reason: string, cause?: unknown): DrayError {
  const isFull = /no space left|quota exceeded/i.test(reason) || systemErrorCode(cause) === 'ENOSPC';
  const message = `cannot write pack ${file} with ${name}: ${reason}`;
  return isFull
    ? new DrayError('DISK_FULL', message, {
        hint: 'Make room there, or choose another directory with --bundle.',
        cause,
        details: { file },
      })
    : new DrayError('PACK_WRITE_FAILED', message, { cause, details: { file } });
}
