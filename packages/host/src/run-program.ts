import { spawn } from 'node:child_process';
import { searchPath, type Environment } from './programs.ts';
import type { Answer } from './shell-session.ts';

/** Runs a program to its end, without input. One that cannot be started has the exit code 127, as in a shell. */
export async function runProgram(
  program: string,
  args: readonly string[],
  env: Environment,
): Promise<Answer> {
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...env, PATH: searchPath(env), LC_ALL: 'C' },
  });
  let output = '';
  const collect = (text: string): string => (output += text);
  child.stdout.setEncoding('utf8').on('data', collect);
  child.stderr.setEncoding('utf8').on('data', collect);
  return new Promise((resolve) => {
    child.once('error', (error) => {
      resolve({ exitCode: 127, output: error.message });
    });
    child.once('close', (code) => {
      resolve({ exitCode: code ?? 128, output });
    });
  });
}
