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
  /** Creates the error for a shell that has ended; `said`: the end of its standard error, trimmed. */
  readonly lost: (said: string) => DrayError;
}

/**
 * A shell that runs one command after another. Every method rejects with the error of `lost` once the shell
 * has ended.
 */
export interface ShellSession {
  /**
   * Runs a program and waits until it ends. An abort rejects at once but does not end the program: the next
   * command waits for it.
   * @throws DrayError `ABORTED`
   */
  readonly run: (argv: readonly string[], options?: ProgramOptions) => Promise<ProgramResult>;
  /** Replaces the shell by another: runs `argv` followed by `sh`; `argv` is for example `nsenter … --`. */
  readonly enter: (argv: readonly string[]) => Promise<void>;
  /** Replaces the shell by a program and appends its output to a file. Ends the session. */
  readonly become: (argv: readonly string[], logFile: string) => Promise<void>;
}

interface Reply extends ProgramResult {
  readonly isMissing: boolean;
}

/** Printed instead of the exit code if `sh` does not find the program. */
const missing = 'missing';

/** Longer than any end mark. */
const tailLength = 80;

/**
 * Opens a session with a shell that has not been written to or read from yet. The caller handles errors of
 * its stdin.
 */
export function openShellSession(shell: Shell, { location, lost }: SessionOptions): ShellSession {
  // Random, so that no program prints it by chance.
  const token = randomBytes(12).toString('hex');
  const queue = commandQueue(shell, token, lost);
  return {
    run: async (argv, { stdin, signal } = {}) => {
      const what = `run ${argv[0] ?? ''} on ${location}`;
      const replied = queue.send(commandScript(argv, stdin, token), signal, what);
      const { isMissing, ...result } = await unlessAborted(replied, signal, what);
      if (!isMissing) return result;
      const reason = `program ${argv[0] ?? ''} not found`;
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
  /** Sends the last script; resolves once the shell has closed its standard output. */
  readonly finish: (script: string) => Promise<void>;
}

/**
 * Sends one script at a time: a shell reads ahead, so its successor would miss scripts that were already
 * sent.
 */
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

/** Runs a program with its input, then prints an end mark to each output. */
function commandScript(argv: readonly string[], stdin: string | undefined, token: string): string {
  const command = shellCommand(argv);
  const fed = stdin === undefined ? `${command} </dev/null` : `printf %s ${shellQuote(stdin)} | ${command}`;
  return [
    `if command -v ${shellQuote(argv[0] ?? '')} >/dev/null 2>&1; then ${fed}`,
    `s=$?; else s=${missing}; fi`,
    `${endMarks('"$s"', token)}\n`,
  ].join('\n');
}

/** Starts with a newline, because the last line of a program's output may lack one. */
function endMarks(status: string, token: string): string {
  const mark = `printf '\\n%s %s\\n' ${token} ${status}`;
  return `${mark}; ${mark} >&2`;
}

/** Reads an output chunk by chunk; undefined at its end or after an error. */
function chunksOf(output: Readable): () => Promise<Uint8Array | undefined> {
  const chunks: AsyncIterator<unknown> = output[Symbol.asyncIterator]();
  return async () => {
    const step = await chunks.next().catch(() => undefined);
    return step?.value instanceof Uint8Array ? step.value : undefined;
  };
}

/** Reads up to the end mark; `status` is missing if the output ended first. */
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
    // A mark may arrive in pieces, but nothing follows it.
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
