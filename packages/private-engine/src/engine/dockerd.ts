import { DrayError } from '@drayage/core';
import { findProgram, installHint, runProgram, systemEnvironment, type Environment } from '@drayage/host';

/** The program of an engine. */
export interface Dockerd {
  readonly file: string;
  /** Full version, such as `28.5.2`. */
  readonly version: string;
  /** Major version. */
  readonly major: number;
}

/** Finds dockerd and its version. @throws DrayError `ENGINE_START_FAILED` if it is missing or does not run */
export async function findDockerd(program: string | undefined, env: Environment): Promise<Dockerd> {
  const name = program ?? 'dockerd';
  const file = await findProgram(name, env);
  if (file === undefined) {
    throw new DrayError('ENGINE_START_FAILED', `cannot start an engine: program ${name} not found`, {
      hint: program === undefined ? installHint('dockerd') : 'Set --dockerd to the path of dockerd.',
    });
  }
  const { stdout } = await runProgram([file, '--version'], { env: systemEnvironment(env) });
  const version = parseVersion(stdout);
  if (version === undefined) {
    throw new DrayError('ENGINE_START_FAILED', `cannot start ${file}: it does not print a version`, {
      hint: 'Set --dockerd to the path of dockerd.',
    });
  }
  return { file, version, major: Number.parseInt(version) };
}

/** Parses the output of `dockerd --version`. Pure. */
export function parseVersion(text: string): string | undefined {
  return /\bversion v?(\d+\.\d+[\w.+-]*)/.exec(text)?.[1];
}
