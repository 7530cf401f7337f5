import { spawn, type ChildProcess, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';

/** How the program of a connection ended before its user was done. */
export interface ProgramEnd {
  /** Why it could not be started. */
  readonly startError?: unknown;
  /** Undefined: a signal ended it, or it runs on without its output. */
  readonly exitCode?: number | undefined;
  /** What it wrote to its standard error, or the end of that. */
  readonly said: string;
  /** Whether anything came from the far side. */
  readonly wasConnected: boolean;
}

const maxSaidLength = 4096;

// Whoever reads or writes large streams does so in pieces of 64 KiB.
const bufferedBytes = 256 * 1024;

// A program ends right after its output, unless something that it has started holds its standard error.
const lingerMs = 1000;

/**
 * A connection over the standard input and output of a program, as `net.Socket` is one over TCP: either direction is read and written no
 * faster than the other side takes it, and ends on its own. The program ends with the connection, and with this process. It runs in a session
 * of its own, so that Ctrl-C, which this process may still need it for, does not reach it.
 *
 * A program that ends with status 0 ends the connection; any other end destroys it with the error that `failure` makes.
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

  /** Like `net.Socket`: an idle connection does not keep this process. */
  unref(): this {
    this.#child.unref();
    for (const stream of this.#child.stdio) if (stream instanceof Socket) stream.unref();
    return this;
  }

  /** `node:http` calls it on every connection that it keeps; whether the peer lives is the program's own matter. */
  setKeepAlive(): this {
    return this;
  }

  /** `node:http` calls it on every connection that it keeps, to take the limit of a request away; requests have none here. */
  setTimeout(): this {
    return this;
  }

  // Once the program does not read any more, why it ended says more than that a pipe broke: the write stays open until then.
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

/** A program would notice that its input has ended, but not while its network is silent. */
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

/** Ends a program and what it has started, such as a proxy. */
function endGroup({ pid, exitCode, signalCode }: ChildProcess): void {
  if (pid === undefined || exitCode !== null || signalCode !== null) return;
  try {
    process.kill(-pid, 'SIGTERM');
  } catch {
    // It has just ended by itself.
  }
}
