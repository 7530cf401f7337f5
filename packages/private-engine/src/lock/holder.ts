import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { DrayError, reasonOf } from '@drayage/core';
import {
  identifyProcess,
  searchPath,
  askShell,
  becomeProgram,
  takeAnswer,
  type ProcessIdentity,
  type Environment,
  type Answer,
} from '@drayage/host';

/**
 * The process that is everything to a private engine: it has the lock of the data-root, and a mount namespace of its own. First it is a
 * shell that does what it is told; then it becomes the engine. Whenever it ends, however it ends, the kernel releases the lock and takes
 * down all that is mounted in the namespace: loop devices included, nothing is left. It ends by itself when the process that started it
 * dies before it has become the engine, because then its input ends.
 */
export interface Holder extends ProcessIdentity {
  /** Runs a script of the POSIX shell in the namespace; `$1` … are `args`. @throws DrayError `MOUNT_FAILED` when the holder is gone */
  run(script: string, ...args: readonly string[]): Promise<Answer>;
  /** The path by which this process reaches a file as the holder sees it. */
  seen(path: string): string;
  /** Becomes a program, which keeps the number, the lock and the namespace; resolves once it has. */
  become(argv: readonly string[], logFile: string): Promise<void>;
  /** Resolves when it has ended. */
  readonly ended: Promise<void>;
  /** Takes back its input, which ends it unless it has become a program. */
  release(): void;
}

// Descriptor 9 stays open in all that comes after; so the lock lives as long as any of it. -n: BusyBox has no longer name.
const takeLock = 'exec 9>>"$1" || exit 76; flock -n 9 || exit 75; exec unshare -m --propagation slave sh';

const isTaken = 75;

type Shell = ChildProcessByStdio<Writable, Readable, Readable>;

/**
 * Takes the lock and starts a holder. Resolves with undefined when somebody else has the lock.
 * @throws DrayError `MOUNT_UNAVAILABLE` when there can be no lock or no namespace here
 */
export async function startHolder(lockFile: string, env: Environment): Promise<Holder | undefined> {
  const shell: Shell = spawn('sh', ['-c', takeLock, 'drayage', lockFile], {
    // Signals for this process group, such as that of Ctrl-C, are not for the engine.
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...env, PATH: searchPath(env), LC_ALL: 'C' },
  });
  const problems = { text: '' };
  shell.stderr.setEncoding('utf8').on('data', (text: string) => (problems.text += text));
  shell.stdin.on('error', () => undefined);
  const ended = new Promise<void>((resolve, reject) => {
    shell.once('exit', () => {
      resolve();
    });
    shell.once('error', reject);
  });
  const session = openSession(shell);
  try {
    await session.run('exit 0');
  } catch (error) {
    await ended.catch(() => undefined);
    if (shell.exitCode === isTaken && problems.text === '') return undefined;
    throw noHolder(lockFile, problems.text.trim(), error);
  }
  const identity = shell.pid === undefined ? undefined : await identifyProcess(shell.pid);
  if (identity === undefined) throw noHolder(lockFile, 'it ended at once', undefined);
  return { ...identity, ...session, seen: (path) => `/proc/${identity.pid}/root${path}`, ended };
}

function openSession(shell: Shell): Pick<Holder, 'run' | 'become' | 'release'> {
  const marker = `drayage-${randomBytes(12).toString('hex')}`;
  let text = '';
  shell.stdout.setEncoding('utf8').on('data', (more: string) => (text += more));
  const answer = async (): Promise<Answer> => {
    for (;;) {
      const taken = takeAnswer(text, marker);
      if (taken !== undefined) {
        text = taken.rest;
        return taken.answer;
      }
      if (shell.stdout.readableEnded || shell.stdout.destroyed) throw holderGone();
      // Never rejects: a stream that fails is destroyed, which the next turn sees.
      await Promise.race([once(shell.stdout, 'data'), once(shell.stdout, 'close')]).catch(() => undefined);
    }
  };
  let turn: Promise<unknown> = Promise.resolve();
  return {
    run(script, ...args) {
      const mine = turn
        .catch(() => undefined)
        .then(async () => {
          shell.stdin.write(askShell(script, args, marker));
          return answer();
        });
      turn = mine;
      return mine;
    },
    async become(argv, logFile) {
      await turn.catch(() => undefined);
      const closed = once(shell.stdout, 'close');
      shell.stdin.end(becomeProgram(argv, logFile));
      await closed;
      shell.stderr.destroy();
      shell.unref();
    },
    release() {
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
