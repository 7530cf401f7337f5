import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { systemErrorCode } from '@drayage/core';

export interface CommandRun {
  /** A shell script. */
  readonly script: string;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly timeoutMs: number;
  /** Receive output in chunks. */
  readonly onOutput: (stream: 'stdout' | 'stderr', chunk: Uint8Array) => void;
  readonly signal: AbortSignal;
}

/** How a command ended. */
export type CommandEnd =
  | { readonly kind: 'exited'; readonly status: number }
  | { readonly kind: 'killed'; readonly signal: string }
  | { readonly kind: 'timed-out' }
  | { readonly kind: 'aborted' }
  /** The command did not start. */
  | { readonly kind: 'failed'; readonly error: unknown };

/** How long a command can take to end after SIGTERM, and how long we read its output after its end (ms). */
const graceMs = 2000;

// If the shell supports pipefail, "aws … | docker login …" fails if aws does.
const prelude = 'if (set -o pipefail) 2>/dev/null; then set -o pipefail; fi\n';

/**
 * Runs a script in `/bin/sh -e`, in its own process group. Ends the whole group at the time limit and when
 * `signal` aborts. Resolves when the shell has ended. Background processes keep running; their output is
 * dropped.
 */
export async function runCommand({
  script,
  cwd,
  env,
  timeoutMs,
  onOutput,
  signal,
}: CommandRun): Promise<CommandEnd> {
  if (signal.aborted) return { kind: 'aborted' };
  const child = spawn('/bin/sh', ['-e', '-c', `${prelude}${script}`], {
    cwd,
    env: { ...env },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.on('data', (chunk: Buffer) => onOutput('stdout', chunk));
  child.stderr.on('data', (chunk: Buffer) => onOutput('stderr', chunk));
  let stoppedBy: 'timed-out' | 'aborted' | undefined;
  let killing: NodeJS.Timeout | undefined;
  const stop = (reason: 'timed-out' | 'aborted'): void => {
    stoppedBy ??= reason;
    killGroup(child, 'SIGTERM');
    killing ??= setTimeout(() => killGroup(child, 'SIGKILL'), graceMs);
  };
  const limit = setTimeout(() => stop('timed-out'), timeoutMs);
  const onAbort = (): void => stop('aborted');
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    const end = await ended(child);
    if (stoppedBy === undefined) return end;
    // The shell can end before its child processes.
    killGroup(child, 'SIGKILL');
    return { kind: stoppedBy };
  } finally {
    clearTimeout(limit);
    clearTimeout(killing);
    signal.removeEventListener('abort', onAbort);
  }
}

async function ended(child: ChildProcess): Promise<CommandEnd> {
  const closed = once(child, 'close').catch(() => undefined);
  const end = await new Promise<CommandEnd>((resolve) => {
    child.once('error', (error) => resolve({ kind: 'failed', error }));
    child.once('exit', (status, by) =>
      resolve(by === null ? { kind: 'exited', status: status ?? 0 } : { kind: 'killed', signal: by }),
    );
  });
  // A background process can hold the outputs open forever.
  const patience = AbortSignal.timeout(graceMs);
  const silence = once(patience, 'abort');
  if (end.kind !== 'failed') await Promise.race([closed, silence]);
  child.stdout?.destroy();
  child.stderr?.destroy();
  return end;
}

function killGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if (systemErrorCode(error) !== 'ESRCH') throw error;
  }
}
