import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { abortError, DrayError, reasonOf, throwIfAborted } from '@drayage/core';

/** The outcome of a program that ran to its end. */
export interface CommandResult {
  /** 128 and more when a signal ended it, as shells count. */
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  /** Written to its standard input, which is closed then. Without it there is no input. */
  readonly stdin?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

// As root, only what the system itself has is run. Messages are matched by nobody, but shown to everybody, so they are in one language.
const environment = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/run/current-system/sw/bin',
  LC_ALL: 'C',
};

/** Runs a program of this machine to its end. @throws DrayError `MOUNT_UNAVAILABLE` when there is no such program, `ABORTED` */
export async function runCommand(
  argv: readonly string[],
  { stdin, signal }: CommandOptions = {},
): Promise<CommandResult> {
  const [program = '', ...args] = argv;
  const what = `run ${program}`;
  throwIfAborted(signal, what);
  const child = spawn(program, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: environment,
    signal,
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  // A program that ends without reading its input is judged by its exit code.
  child.stdin.on('error', () => undefined).end(stdin);
  return new Promise((resolve, reject) => {
    child.once('error', (error) => {
      reject(signal?.aborted === true ? abortError(signal, what) : cannotStart(what, error));
    });
    child.once('close', (code, ended) => {
      resolve({ exitCode: code ?? 128 + (ended === null ? 0 : constants.signals[ended]), ...output });
    });
  });
}

function cannotStart(what: string, error: unknown): DrayError {
  return new DrayError('MOUNT_UNAVAILABLE', `cannot ${what}: ${reasonOf(error)}`, {
    hint: 'Install it, or use --delivery load.',
    cause: error,
  });
}
