import { spawn } from 'node:child_process';
import { systemErrorCode } from '@drayage/core';

/** How a credential helper ended. Its output can contain a secret. */
export type HelperOutcome =
  | { readonly kind: 'exited'; readonly exitCode: number; readonly output: string }
  /** The program does not exist. */
  | { readonly kind: 'missing' }
  /** It did not start, or did not end by itself; `reason` is safe for messages. */
  | { readonly kind: 'failed'; readonly reason: string };

/** Runs `<program> get` with `server` on its standard input. Never rejects. */
export type RunHelper = (program: string, server: string) => Promise<HelperOutcome>;

export interface HelperRunnerOptions {
  /** Environment of the program; its PATH is searched for it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Default 30 s (ms). */
  readonly timeoutMs?: number;
}

const maxOutputBytes = 1024 * 1024;

// Not host's runProgram: limits output, and never reads standard error, which can quote a secret.
/** A runner that starts helpers without a shell. */
export function createHelperRunner({ env, timeoutMs = 30_000 }: HelperRunnerOptions): RunHelper {
  return (program, server) =>
    new Promise((resolve) => {
      const child = spawn(program, ['get'], { env: { ...env }, stdio: ['pipe', 'pipe', 'ignore'] });
      const chunks: Uint8Array[] = [];
      let size = 0;
      const end = (outcome: HelperOutcome): void => {
        clearTimeout(timer);
        child.kill('SIGKILL');
        // Child processes of the helper can hold its pipes open.
        child.stdout.destroy();
        child.unref();
        resolve(outcome);
      };
      const timer = setTimeout(() => {
        end({ kind: 'failed', reason: `it did not answer within ${String(timeoutMs / 1000)} s` });
      }, timeoutMs);
      child.on('error', (error) => {
        end(failedStart(error));
      });
      child.stdout.on('data', (chunk: Uint8Array) => {
        chunks.push(chunk);
        size += chunk.byteLength;
        if (size > maxOutputBytes) end({ kind: 'failed', reason: 'it wrote more than 1 MiB' });
      });
      child.on('close', (exitCode, signal) => {
        const output = Buffer.concat(chunks).toString('utf8');
        if (exitCode !== null) end({ kind: 'exited', exitCode, output });
        else end({ kind: 'failed', reason: `it was killed by ${signal ?? 'a signal'}` });
      });
      // A helper that ignores its input closes the pipe.
      child.stdin.on('error', () => undefined);
      child.stdin.end(`${server}\n`);
    });
}

function failedStart(error: unknown): HelperOutcome {
  const code = systemErrorCode(error) ?? 'no reason given';
  return code === 'ENOENT'
    ? { kind: 'missing' }
    : { kind: 'failed', reason: `it cannot be started (${code})` };
}
