import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { DrayError, reasonOf } from '@drayage/core';
import {
  identifyProcess,
  openShellSession,
  systemEnvironment,
  type Environment,
  type ProcessIdentity,
  type ProgramResult,
} from '@drayage/host';

/**
 * The process that owns a private engine. It holds the lock of the data-root and has its own mount namespace.
 * It starts as a shell that runs commands, then becomes the engine. When it ends, for whatever reason, the
 * kernel releases the lock and unmounts everything in the namespace, including loop devices. If its starter
 * dies before it becomes the engine, its input ends, and so does the holder.
 */
export interface Holder extends ProcessIdentity {
  /**
   * Runs a POSIX shell script in the namespace; `$1` … are `args`.
   * @throws DrayError `MOUNT_FAILED` if the holder has ended
   */
  run(script: string, ...args: readonly string[]): Promise<ProgramResult>;
  /** The path at which this process can access a file in the holder's namespace. */
  seen(path: string): string;
  /** Becomes a program, which keeps pid, lock and namespace; resolves once it has. */
  become(argv: readonly string[], logFile: string): Promise<void>;
  /** Resolves when the holder has ended. */
  readonly ended: Promise<void>;
  /** Closes the holder's input, which ends it unless it has become a program. */
  release(): void;
}

// Every later process inherits descriptor 9, so the lock lives as long as any of them. BusyBox's flock only
// supports -n.
export const takeLock =
  'exec 9>>"$1" || exit 76; flock -n 9 || exit 75; exec unshare -m --propagation slave sh';

// The exit code of that script if another process has the lock.
const isTaken = 75;

type Shell = ChildProcessByStdio<Writable, Readable, Readable>;

/**
 * Takes the lock and starts a holder. Resolves with undefined if another process has the lock.
 * @throws DrayError `MOUNT_UNAVAILABLE` if locking or creating a namespace fails
 */
export async function startHolder(lockFile: string, env: Environment): Promise<Holder | undefined> {
  const shell: Shell = spawn('sh', ['-c', takeLock, 'drayage', lockFile], {
    // A new process group, so that Ctrl-C does not reach the engine.
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: systemEnvironment(env),
  });
  shell.stdin.on('error', () => undefined);
  const ended = new Promise<void>((resolve, reject) => {
    shell.once('exit', () => {
      resolve();
    });
    shell.once('error', reject);
  });
  let said = '';
  const session = openShellSession(shell, {
    location: 'the holder of the lock',
    lost: (problem) => {
      said = problem;
      return holderGone();
    },
  });
  const run: Holder['run'] = (script, ...args) => session.run(['sh', '-c', script, 'drayage', ...args]);
  try {
    await run('exit 0');
  } catch (error) {
    const cause = await ended.then(
      () => error,
      (reason: unknown) => reason,
    );
    if (shell.exitCode === isTaken && said === '') return undefined;
    throw noHolder(lockFile, said, cause);
  }
  const identity = shell.pid === undefined ? undefined : await identifyProcess(shell.pid);
  if (identity === undefined) throw noHolder(lockFile, 'it ended at once', undefined);
  return {
    ...identity,
    run,
    seen: (path) => `/proc/${identity.pid}/root${path}`,
    become: async (argv, logFile) => {
      await session.become(argv, logFile);
      shell.stderr.destroy();
      shell.unref();
    },
    ended,
    release: () => {
      shell.stdin.destroy();
    },
  };
}

function holderGone(): DrayError {
  return new DrayError('MOUNT_FAILED', 'cannot prepare the engine: the process that holds its lock ended');
}

function noHolder(lockFile: string, problem: string, cause: unknown): DrayError {
  const reason = problem === '' ? reasonOf(cause) : problem;
  const isRefused = /not permitted|denied/i.test(problem);
  return new DrayError(
    'MOUNT_UNAVAILABLE',
    `cannot lock ${lockFile} and enter a mount namespace: ${reason}`,
    {
      hint: isRefused
        ? 'Run it as root with CAP_SYS_ADMIN, in a container with --privileged.'
        : 'Put the data-root on a local file system.',
      cause,
    },
  );
}
