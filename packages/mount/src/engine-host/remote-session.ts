import { randomBytes } from 'node:crypto';
import type { Readable } from 'node:stream';
import { abortError, DrayError, throwIfAborted, type HelperProcess } from '@drayage/core';
import { shellCommand, shellQuote, type CommandOptions, type CommandResult } from '@drayage/host';
import { helperFailed } from './remote-errors.ts';

/** A shell somewhere else, which runs one command after the other. */
export interface ShellSession {
  /**
   * Runs a program to its end. An abort does not end it: what is asked for next waits until it has ended.
   * @throws DrayError `MOUNT_UNAVAILABLE` when there is no such program, `ENGINE_HELPER_FAILED` when the shell is gone, `ABORTED`
   */
  readonly run: (argv: readonly string[], options?: CommandOptions) => Promise<CommandResult>;

  /** Replaces the shell by the one that `argv`, followed by `sh`, starts. @throws DrayError `ENGINE_HELPER_FAILED` when it does not start */
  readonly become: (argv: readonly string[]) => Promise<void>;
}

/** What a command came to, before anybody has judged it. */
interface Reply extends CommandResult {
  readonly isMissing: boolean;
}

const missing = 'missing';

// More than a mark has.
const tailLength = 80;

/** Speaks with the POSIX shell that is `shell`; `location` tells where that is. */
export function openShellSession(shell: HelperProcess, location: string): ShellSession {
  // Nothing that a command prints can hold it.
  const token = randomBytes(12).toString('hex');
  const ask = createAsking(shell, token, location);
  return {
    run: async (argv, { stdin, signal } = {}) => {
      const what = `run ${argv[0] ?? ''} on ${location}`;
      const { isMissing, ...result } = await unlessAborted(
        ask(commandScript(argv, stdin, token), signal, what),
        signal,
        what,
      );
      if (isMissing) throw noProgram(location, argv);
      return result;
    },
    become: async (argv) => {
      const first = `${endMarks('0', token)}; exec sh`;
      await ask(`exec ${shellCommand([...argv, 'sh', '-c', first])}\n`, undefined, `enter ${location}`);
    },
  };
}

type Ask = (script: string, signal: AbortSignal | undefined, what: string) => Promise<Reply>;

/** Sends scripts one by one: a shell may read ahead, and what it has read is lost to the program that takes its place. */
function createAsking({ stdin, stdout, stderr }: HelperProcess, token: string, location: string): Ask {
  const outputs = [lines(stdout), lines(stderr)] as const;
  let last: Promise<unknown> = Promise.resolve();
  const turn = async (script: string): Promise<Reply> => {
    stdin.write(script);
    const [out, err] = await Promise.all([readUntil(outputs[0], token), readUntil(outputs[1], token)]);
    if (out.status === undefined || err.status === undefined) {
      const said = err.text.trim();
      throw helperFailed(location, said === '' ? 'it has ended' : `it has ended (${said})`);
    }
    const isMissing = out.status === missing;
    return { isMissing, exitCode: Number(out.status), stdout: out.text, stderr: err.text };
  };
  return (script, signal, what) => {
    const asked = last.then(() => {
      throwIfAborted(signal, what);
      return turn(script);
    });
    last = asked.catch(() => undefined);
    return asked;
  };
}

/** A program that is told its input, then the marks at which both outputs end. */
function commandScript(argv: readonly string[], stdin: string | undefined, token: string): string {
  const [program = ''] = argv;
  const command = shellCommand(argv);
  const fed = stdin === undefined ? `${command} </dev/null` : `printf %s ${shellQuote(stdin)} | ${command}`;
  return [
    `if command -v ${shellQuote(program)} >/dev/null 2>&1; then ${fed}`,
    `s=$?; else s=${missing}; fi`,
    `${endMarks('"$s"', token)}\n`,
  ].join('\n');
}

/** Begins with a line end, since the last line of a program may have none. */
function endMarks(status: string, token: string): string {
  const mark = `printf '\\n%s %s\\n' ${token} ${status}`;
  return `${mark}; ${mark} >&2`;
}

function lines(output: Readable): AsyncIterator<unknown> {
  return output[Symbol.asyncIterator]();
}

/** What comes until the mark; without `status` when the output ended before. */
async function readUntil(
  output: AsyncIterator<unknown>,
  token: string,
): Promise<{ readonly text: string; readonly status?: string | undefined }> {
  const chunks: Uint8Array[] = [];
  const mark = new RegExp(`\\n${token} (\\w+)\\n$`);
  let tail = '';
  for (;;) {
    const step: IteratorResult<unknown, unknown> = await output.next();
    if (step.done === true) return { text: Buffer.concat(chunks).toString() };
    const { value } = step;
    if (!(value instanceof Uint8Array)) continue;
    chunks.push(value);
    // A mark may come in pieces, but nothing comes after it.
    tail = `${tail}${Buffer.from(value).subarray(-tailLength).toString('latin1')}`.slice(-tailLength);
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

function noProgram(location: string, [program = '']: readonly string[]): DrayError {
  return new DrayError(
    'MOUNT_UNAVAILABLE',
    `cannot run ${program} on ${location}: there is no such program`,
    {
      hint: "Install it on the engine's side, or use --delivery load.",
    },
  );
}
