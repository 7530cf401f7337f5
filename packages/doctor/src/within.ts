import { runProgram, systemEnvironment, type Environment, type ProgramResult } from '@drayage/host';

/** Time limit for one probe (ms). */
const probeTimeoutMs = 3000;

/** Runs a program on this machine, for at most 3 s. */
export function probe(
  argv: readonly string[],
  env: Environment,
  timeoutMs: number = probeTimeoutMs,
): Promise<ProgramResult> {
  return runProgram(argv, { env: systemEnvironment(env), timeoutMs });
}

/** The result of `look`, or `otherwise` if it fails or takes too long. */
export async function within<T>(
  look: Promise<T>,
  otherwise: T,
  timeoutMs: number = probeTimeoutMs,
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
