import { spawn, type ChildProcess } from 'node:child_process';

import { sampleStatus } from './memory.ts';

/** What came of a child process. */
export interface Finished {
  /** Undefined when a signal ended it. */
  readonly exitCode: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
  readonly stdout: string;
  readonly stderr: string;
  readonly durationMs: number;
  /** The most memory the process itself (not its children) ever had resident, sampled from its start. */
  readonly peakRssBytes: number;
}

/** A child process that was started and may still run. */
export interface Running {
  readonly pid: number;
  /** What it has printed so far. */
  readonly output: { readonly stdout: string; readonly stderr: string };
  /** Resolves when it has ended, however it ended. */
  readonly finished: Promise<Finished>;
  /** Resolves with the first match in stdout or stderr; throws when it ends without one. */
  waitFor(pattern: RegExp): Promise<RegExpMatchArray>;
  /** Sends a signal (default: SIGTERM) and waits for the end. */
  kill(signal?: NodeJS.Signals): Promise<Finished>;
}

/** How a child process is started. */
export interface StartOptions {
  /** Added to the environment of this process; undefined removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  readonly cwd?: string | undefined;
  /** Written to its stdin, which is closed afterwards. */
  readonly input?: string | Uint8Array | undefined;
}

/** Starts a program and captures what it prints. Throws if the program does not exist. */
export function start(command: string, args: readonly string[], options: StartOptions = {}): Running {
  const startedAt = performance.now();
  const env = { ...process.env, ...options.env };
  const child = spawn(command, args, { env, cwd: options.cwd, stdio: ['pipe', 'pipe', 'pipe'] });
  const { pid } = child;
  const output = capture(child);
  if (pid === undefined) {
    child.once('error', () => undefined);
    throw new Error(
      `cannot start ${command}: is it installed, and does ${options.cwd ?? 'the folder'} exist?`,
    );
  }
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input);
  const finished = finish(child, pid, output, startedAt);
  return {
    pid,
    output,
    finished,
    waitFor: (pattern) => firstMatch(child, output, pattern, command),
    async kill(signal = 'SIGTERM') {
      child.kill(signal);
      return finished;
    },
  };
}

/** Runs a program to its end, whatever its exit code. */
export async function run(
  command: string,
  args: readonly string[],
  options: StartOptions = {},
): Promise<Finished> {
  return start(command, args, options).finished;
}

/** Runs a program to its end. Throws with what it printed when it fails. */
export async function runOrThrow(
  command: string,
  args: readonly string[],
  options: StartOptions = {},
): Promise<Finished> {
  const finished = await run(command, args, options);
  if (finished.exitCode === 0) return finished;
  const end = finished.exitCode ?? finished.signal ?? 'nothing';
  throw new Error(
    `cannot run ${command} ${args.join(' ')}: ended with ${end}\n${finished.stdout}${finished.stderr}`,
  );
}

interface Output {
  stdout: string;
  stderr: string;
}

function capture(child: ChildProcess): Output {
  const output: Output = { stdout: '', stderr: '' };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  return output;
}

async function finish(
  child: ChildProcess,
  pid: number,
  output: Output,
  startedAt: number,
): Promise<Finished> {
  const memory = sampleStatus(pid);
  const [exitCode, signal] = await ended(child);
  return {
    exitCode: exitCode ?? undefined,
    signal: signal ?? undefined,
    ...output,
    durationMs: performance.now() - startedAt,
    peakRssBytes: memory.stop(),
  };
}

function ended(child: ChildProcess): Promise<[number | null, NodeJS.Signals | null]> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      resolve([code, signal]);
    });
  });
}

function firstMatch(
  child: ChildProcess,
  output: Output,
  pattern: RegExp,
  name: string,
): Promise<RegExpMatchArray> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      const match = pattern.exec(output.stdout) ?? pattern.exec(output.stderr);
      if (match !== null) resolve(match);
    };
    child.stdout?.on('data', look);
    child.stderr?.on('data', look);
    child.once('close', () => {
      reject(
        new Error(`cannot find ${pattern.source} in what ${name} printed:\n${output.stdout}${output.stderr}`),
      );
    });
    look();
  });
}
