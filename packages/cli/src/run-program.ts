import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { DrayError } from '@drayage/core';
import type { Host } from './host.ts';

const limitMs = 60_000;

/**
 * Runs a program of the CI system to its end; it reads `input`. @throws DrayError `NOT_AVAILABLE`; the error
 * of spawn
 */
export async function runProgram(
  [program = '', ...args]: readonly string[],
  input: string,
  { env, cwd }: Pick<Host, 'env' | 'cwd'>,
): Promise<void> {
  const child = spawn(program, args, {
    ...{ env: { ...env }, cwd, timeout: limitMs },
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  // The program may end before it has read everything.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  await once(child, 'exit');
  if (child.exitCode === 0) return;
  const end = child.signalCode ?? `exit code ${String(child.exitCode)}`;
  throw new DrayError('NOT_AVAILABLE', `cannot run ${program}: ${end}`);
}
