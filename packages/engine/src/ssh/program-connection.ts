import { spawn, type ChildProcess, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';

/** How a connection's program ended too early. */
export interface ProgramEnd {
  /** Why the program could not be started. */
  readonly startError?: unknown;
  /** Undefined: a signal ended it, or it still runs without its output. */
  readonly exitCode?: number | undefined;
  /** The end of its standard error. */
  readonly said: string;
  /** True when the remote side sent anything. */
  readonly wasConnected: boolean;
}

const maxSaidLength = 4096;

// Readers and writers of large streams use chunks of 64 KiB.
const bufferedBytes = 256 * 1024;

// A program ends right after its output, unless one of its children holds its standard error open.
const lingerMs = 1000;

/**
 * A connection over the standard input and output of a program, like `net.Socket` over TCP: either direction
 * has backpressure and ends by itself. The program ends with the connection, and with this process. It runs
 * in its own session, so that Ctrl-C does not reach it: this process may still need it.
 *
 * When the program ends with status 0, the connection ends; otherwise it is destroyed with the error that
 * `failure` makes.
 */
export class ProgramConnection extends Duplex {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #failure: (end: ProgramEnd) => Error;
  #said = '';
  #wasConnected = false;

  constructor([program = '', ...args]: readonly string[], failure: (end: ProgramEnd) => Error) {
    super({ allowHalfOpen: false, highWaterMark: bufferedBytes });
    this.#failure = failure;
    this.#child = spawn(program, args, { detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
    endWithThisProcess(this.#child);
    this.#watch(this.#child);
  }

  override _read(): void {
    this.#child.stdout.resume();
  }

  override _write(chunk: unknown, _encoding: string, done: () => void): void {
    this.#send(chunk, done);
  }

  override _writev(pieces: readonly { readonly chunk: unknown }[], done: () => void): void {
    const { stdin } = this.#child;
    stdin.cork();
    for (const { chunk } of pieces.slice(0, -1)) stdin.write(chunk);
    this.#send(pieces.at(-1)?.chunk, done);
    stdin.uncork();
  }

  override _final(done: () => void): void {
    this.#child.stdin.end(() => {
      done();
    });
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    for (const stream of this.#child.stdio) stream?.destroy();
    this.#child.unref();
    endGroup(this.#child);
    done(error);
  }

  /** Like `net.Socket`. */
  ref(): this {
    this.#child.ref();
    for (const stream of this.#child.stdio) if (stream instanceof Socket) stream.ref();
    return this;
  }

  /** Like `net.Socket`: an idle connection does not keep this process alive. */
  unref(): this {
    this.#child.unref();
    for (const stream of this.#child.stdio) if (stream instanceof Socket) stream.unref();
    return this;
  }

  /**
   * `node:http` calls this on every pooled connection; the program itself checks whether its peer is alive.
   */
  setKeepAlive(): this {
    return this;
  }

  /** `node:http` calls this on every pooled connection to remove the time limit; this one has no limit. */
  setTimeout(): this {
    return this;
  }

  // When the program no longer reads, the reason why it ended says more than a broken pipe: keep the write
  // pending until then.
  #send(chunk: unknown, done: () => void): void {
    this.#child.stdin.write(chunk, (error) => {
      if (error === null || error === undefined) done();
    });
  }

  #watch(child: ChildProcessWithoutNullStreams): void {
    const closed = new Promise<void>((resolve) => {
      child.once('close', () => {
        resolve();
      });
    });
    child.once('error', (startError) => {
      this.#fail({ startError });
    });
    child.stdin.on('error', () => undefined);
    child.stderr.on('error', () => undefined).setEncoding('utf8');
    child.stderr.on('data', (text: string) => {
      this.#said = `${this.#said}${text}`.slice(-maxSaidLength);
    });
    child.stdout.on('data', (chunk: unknown) => {
      this.#wasConnected = true;
      if (!this.push(chunk)) child.stdout.pause();
    });
    child.stdout.on('error', () => undefined);
    child.stdout.once('end', () => {
      void Promise.race([closed, pause(lingerMs, undefined, { ref: false })]).then(() => {
        if (child.exitCode === 0) this.push(null);
        else this.#fail({ exitCode: child.exitCode ?? undefined });
      });
    });
  }

  #fail(end: Pick<ProgramEnd, 'startError' | 'exitCode'>): void {
    if (this.destroyed) return;
    this.destroy(this.#failure({ ...end, said: this.#said, wasConnected: this.#wasConnected }));
  }
}

const running = new Set<ChildProcess>();

/** A program notices the end of its input, but not while its network is silent. */
function endWithThisProcess(child: ChildProcess): void {
  if (running.size === 0) process.on('exit', endAll);
  running.add(child);
  const forget = (): void => {
    running.delete(child);
    if (running.size === 0) process.off('exit', endAll);
  };
  child.once('exit', forget);
  child.once('error', forget);
}

function endAll(): void {
  for (const child of running) endGroup(child);
}

/** Ends a program and its children, such as a proxy. */
function endGroup({ pid, exitCode, signalCode }: ChildProcess): void {
  if (pid === undefined || exitCode !== null || signalCode !== null) return;
  try {
    process.kill(-pid, 'SIGTERM');
  } catch {
    // It has just ended by itself.
  }
}
