import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { abortError, throwIfAborted } from '@drayage/core';
import { systemEnvironment, type Environment } from './programs.ts';

/** How a program ended. */
export interface ProgramResult {
  /** As in a shell: 127 if the program did not start, 128 + N if signal N ended it. */
  readonly exitCode: number;
  readonly stdout: string;
  /** If the program did not start, the reason. */
  readonly stderr: string;
  /** Why the program did not start; undefined if it ran. */
  readonly startError?: unknown;
}

export interface ProgramOptions {
  /** Written to standard input, which is then closed. Default: no input. */
  readonly stdin?: string | undefined;
  /** Aborting ends the program with SIGTERM. */
  readonly signal?: AbortSignal | undefined;
}

export interface LocalProgramOptions extends ProgramOptions {
  /** The whole environment. Default: only the system's PATH and `LC_ALL=C`. */
  readonly env?: Environment | undefined;
  /** Ends the program with SIGKILL after this time. Default: no limit. */
  readonly timeoutMs?: number | undefined;
  /** Ends the program with SIGKILL once it has printed more characters than this. Default: 64 Mi. */
  readonly maxOutput?: number | undefined;
}

/** Runs a program on this machine and waits until it ends. @throws DrayError `ABORTED`, nothing else */
export async function runProgram(
  [program = '', ...args]: readonly string[],
  {
    env = systemEnvironment({}),
    stdin,
    signal,
    timeoutMs,
    maxOutput = 64 * 1024 ** 2,
  }: LocalProgramOptions = {},
): Promise<ProgramResult> {
  const what = `run ${program}`;
  throwIfAborted(signal, what);
  const child = spawn(program, args, { stdio: 'pipe', env, signal });
  const output = { stdout: '', stderr: '' };
  const collect = (stream: 'stdout' | 'stderr', text: string): void => {
    output[stream] += text;
    if (output.stdout.length + output.stderr.length > maxOutput) kill();
  };
  child.stdout.setEncoding('utf8').on('data', (text: string) => collect('stdout', text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => collect('stderr', text));
  // A program may end without reading its input; the exit code shows whether it failed.
  child.stdin.on('error', () => undefined).end(stdin);
  const kill = (): void => {
    child.kill('SIGKILL');
    // Children of the program may hold these open.
    child.stdout.destroy();
    child.stderr.destroy();
  };
  const timer = timeoutMs === undefined ? undefined : setTimeout(kill, timeoutMs);
  try {
    return await new Promise((resolve, reject) => {
      child.once('error', (error) => {
        if (signal?.aborted === true) reject(abortError(signal, what));
        else resolve({ exitCode: 127, stdout: '', stderr: error.message, startError: error });
      });
      child.once('close', (code, ended) => {
        resolve({ exitCode: code ?? 128 + (ended === null ? 0 : constants.signals[ended]), ...output });
      });
    });
  } finally {
    clearTimeout(timer);
  }
}

/**
 * The last non-empty lines that a program printed, joined for a message; empty if it printed nothing. Pure.
 */
export function lastWords({ stdout, stderr }: ProgramResult, lines = 3): string {
  return `${stdout}\n${stderr}`
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .slice(-lines)
    .join('; ');
}
