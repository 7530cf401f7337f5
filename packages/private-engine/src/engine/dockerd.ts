import { DrayError } from '@drayage/core';
import { findProgram, installHint, runProgram, systemEnvironment, type Environment } from '@drayage/host';

/** The program of an engine. */
export interface Dockerd {
  readonly file: string;
  /** Such as `28.5.2`. */
  readonly version: string;
  /** Its first number. */
  readonly major: number;
}

/**
 * Finds dockerd and its version.
 * @throws DrayError `ENGINE_START_FAILED` when it is missing or does not run
 */
export async function findDockerd(program: string | undefined, env: Environment): Promise<Dockerd> {
  const name = program ?? 'dockerd';
  const file = await findProgram(name, env);
  if (file === undefined) {
    throw new DrayError('ENGINE_START_FAILED', `cannot start an engine: there is no program ${name}`, {
      hint: program === undefined ? installHint('dockerd') : 'Name the file of dockerd with --dockerd.',
    });
  }
  const { stdout } = await runProgram([file, '--version'], { env: systemEnvironment(env) });
  const version = parseVersion(stdout);
  if (version === undefined) {
    throw new DrayError('ENGINE_START_FAILED', `cannot start ${file}: it does not print a version`, {
      hint: 'Name the file of dockerd with --dockerd.',
    });
  }
  return { file, version, major: Number.parseInt(version) };
}

/** The version in what `dockerd --version` prints. Pure. */
export function parseVersion(text: string): string | undefined {
  return /\bversion v?(\d+\.\d+[\w.+-]*)/.exec(text)?.[1];
}
