import { randomBytes } from 'node:crypto';
import type { Readable, Writable } from 'node:stream';
import { abortError, throwIfAborted, type DrayError } from '@drayage/core';
import type { ProgramOptions, ProgramResult } from './run-program.ts';
import { shellCommand, shellQuote } from './shell-quote.ts';

/** The streams of a running POSIX shell: a child process, or a shell in a container. */
export interface Shell {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
}

export interface SessionOptions {
  /** Where the shell runs, for messages. */
  readonly location: string;
  /** The error for a shell that has ended; `said`: what it printed to standard error last, trimmed. */
  readonly lost: (said: string) => DrayError;
}

/**
 * A shell that runs one command after the other. All methods throw the error of `lost` when the shell has
 * ended.
 */
export interface ShellSession {
  /**
   * Runs a program to its end. An abort rejects at once but does not end the program: the next command waits
   * for its end. @throws DrayError `ABORTED`
   */
  readonly run: (argv: readonly string[], options?: ProgramOptions) => Promise<ProgramResult>;
  /** Replaces the shell by the one that `argv`, followed by `sh`, starts, such as `nsenter … --`. */
  readonly enter: (argv: readonly string[]) => Promise<void>;
  /** Replaces the shell by a program, which appends its output to a file. Ends the session. */
  readonly become: (argv: readonly string[], logFile: string) => Promise<void>;
}

interface Reply extends ProgramResult {
  readonly isMissing: boolean;
}

/** Takes the place of the exit code where `sh` finds no such program. */
const missing = 'missing';

/** Longer than any mark. */
const tailLength = 80;

/**
 * Opens a session with a shell that has not been written to or read from. The caller handles errors of its
 * stdin.
 */
export function openShellSession(shell: Shell, { location, lost }: SessionOptions): ShellSession {
  // Random, so that no program prints it by accident.
  const token = randomBytes(12).toString('hex');
  const queue = commandQueue(shell, token, lost);
  return {
    run: async (argv, { stdin, signal } = {}) => {
      const what = `run ${argv[0] ?? ''} on ${location}`;
      const replied = queue.send(commandScript(argv, stdin, token), signal, what);
      const { isMissing, ...result } = await unlessAborted(replied, signal, what);
      if (!isMissing) return result;
      const reason = `there is no program ${argv[0] ?? ''}`;
      return { exitCode: 127, stdout: '', stderr: reason, startError: new Error(reason) };
    },
    enter: async (argv) => {
      const first = `${endMarks('0', token)}; exec sh`;
      const script = `exec ${shellCommand([...argv, 'sh', '-c', first])}\n`;
      await queue.send(script, undefined, `enter ${location}`);
    },
    become: (argv, logFile) =>
      queue.finish(`exec ${shellCommand(argv)} </dev/null >>${shellQuote(logFile)} 2>&1\n`),
  };
}

interface CommandQueue {
  readonly send: (script: string, signal: AbortSignal | undefined, what: string) => Promise<Reply>;
  /** Sends the last script; resolves when the shell has closed its standard output. */
  readonly finish: (script: string) => Promise<void>;
}

/** Sends scripts one by one: a shell reads ahead, and its successor would miss what the shell has read. */
function commandQueue(
  { stdin, stdout, stderr }: Shell,
  token: string,
  lost: SessionOptions['lost'],
): CommandQueue {
  const outputs = [chunksOf(stdout), chunksOf(stderr)] as const;
  let last: Promise<unknown> = Promise.resolve();
  const enqueue = <T>(turn: () => Promise<T>): Promise<T> => {
    const done = last.then(turn);
    last = done.catch(() => undefined);
    return done;
  };
  return {
    send: (script, signal, what) =>
      enqueue(async () => {
        throwIfAborted(signal, what);
        stdin.write(script);
        const [out, err] = await Promise.all([readUntil(outputs[0], token), readUntil(outputs[1], token)]);
        if (out.status === undefined || err.status === undefined) throw lost(err.text.trim());
        const isMissing = out.status === missing;
        return { isMissing, exitCode: Number(out.status), stdout: out.text, stderr: err.text };
      }),
    finish: (script) =>
      enqueue(async () => {
        stdin.end(script);
        await readUntil(outputs[0], token);
      }),
  };
}

/** Runs a program with its input, then prints the marks at which both outputs end. */
function commandScript(argv: readonly string[], stdin: string | undefined, token: string): string {
  const command = shellCommand(argv);
  const fed = stdin === undefined ? `${command} </dev/null` : `printf %s ${shellQuote(stdin)} | ${command}`;
  return [
    `if command -v ${shellQuote(argv[0] ?? '')} >/dev/null 2>&1; then ${fed}`,
    `s=$?; else s=${missing}; fi`,
    `${endMarks('"$s"', token)}\n`,
  ].join('\n');
}

/** Begins with a line end, because the last line of a program's output may lack one. */
function endMarks(status: string, token: string): string {
  const mark = `printf '\\n%s %s\\n' ${token} ${status}`;
  return `${mark}; ${mark} >&2`;
}

/** The chunks of an output; a failed stream counts as ended. */
function chunksOf(output: Readable): () => Promise<Uint8Array | undefined> {
  const chunks: AsyncIterator<unknown> = output[Symbol.asyncIterator]();
  return async () => {
    const step = await chunks.next().catch(() => undefined);
    return step?.value instanceof Uint8Array ? step.value : undefined;
  };
}

/** Reads up to the mark; without `status` when the output ended before. */
async function readUntil(
  next: () => Promise<Uint8Array | undefined>,
  token: string,
): Promise<{ readonly text: string; readonly status?: string | undefined }> {
  const chunks: Uint8Array[] = [];
  const mark = new RegExp(`\\n${token} (\\w+)\\n$`);
  let tail = '';
  for (;;) {
    const chunk = await next();
    if (chunk === undefined) return { text: Buffer.concat(chunks).toString() };
    chunks.push(chunk);
    // A mark may come in pieces, but nothing comes after it.
    tail = `${tail}${Buffer.from(chunk).subarray(-tailLength).toString('latin1')}`.slice(-tailLength);
    const [found, status] = mark.exec(tail) ?? [];
    if (found === undefined || status === undefined) continue;
    return { text: Buffer.concat(chunks).subarray(0, -found.length).toString(), status };
  }
}

async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined, what: string): Promise<T> {
  if (signal === undefined || signal.aborted) return work;
  let onAbort: () => void = () => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => {
      reject(abortError(signal, what));
    };
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
