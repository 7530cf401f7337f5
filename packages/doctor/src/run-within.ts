import { execFile } from 'node:child_process';
import { searchPath, type Environment, type Answer } from '@drayage/host';

/** How long one look may take (ms). */
const lookTimeoutMs = 3000;

/** Runs a program to its end, or ends it; what cannot be run has the exit code 127. Never throws. */
export function runWithin(
  argv: readonly string[],
  env: Environment,
  timeoutMs: number = lookTimeoutMs,
): Promise<Answer> {
  const [program = '', ...args] = argv;
  const options = {
    env: { ...env, PATH: searchPath(env), LC_ALL: 'C' },
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
    maxBuffer: 1024 * 1024,
  } as const;
  return new Promise((resolve) => {
    const child = execFile(program, args, options, (error, stdout, stderr) => {
      const exitCode = error === null ? 0 : typeof error.code === 'number' ? error.code : 127;
      const said = `${stdout}${stderr}`;
      resolve({ exitCode, output: said === '' && error !== null ? error.message : said });
    });
    child.stdin?.end();
  });
}

/** What `look` finds, or `otherwise` when it fails or takes too long. */
export async function within<T>(
  look: Promise<T>,
  otherwise: T,
  timeoutMs: number = lookTimeoutMs,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<T>((resolve) => {
    timer = setTimeout(() => resolve(otherwise), timeoutMs);
  });
  try {
    return await Promise.race([look.catch(() => otherwise), tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
