import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Finished, Running } from '../processes.ts';

/** What the steps of one node of a job run on. Nothing in its `/tmp` outlives it or is seen by another. */
export interface Machine {
  /** Starts a program with these variables and no others. */
  start(command: readonly string[], options: MachineStart): Running;
  /** Variables that every step has: PATH, HOME, USER. */
  readonly env: Readonly<Record<string, string>>;
  /** A folder that has the same path within and without. */
  readonly exchange: string;
  /** Ends everything in it at once. */
  destroy(): Promise<void>;
}

/** How a program is started on a machine. */
export interface MachineStart {
  readonly env: Readonly<Record<string, string>>;
  /** Absolute, as seen within. */
  readonly cwd: string;
}

/** The home directory on every machine: in `/tmp`, which is separate on every machine. */
export const homeWithin = '/tmp/home';

/** The folders of a machine, on the side of the tests. */
export interface MachineFolders {
  readonly tmp: string;
  readonly exchange: string;
}

/** Makes them, so that any user may write there. */
export function makeMachineFolders(folder: string): MachineFolders {
  const folders = { tmp: join(folder, 'tmp'), exchange: join(folder, 'exchange') };
  for (const path of [folders.tmp, join(folders.tmp, 'home'), folders.exchange]) {
    mkdirSync(path, { recursive: true });
    chmodSync(path, 0o1777);
  }
  chmodSync(folder, 0o755);
  return folders;
}

/** The first process of a machine: it lasts, and buries those who lost their parents. */
export const lastingScript = 'trap : TERM INT; while :; do sleep 3600 & wait; done';

let scripts = 0;

/** Runs a script of ours on a machine, beside the steps of the job. */
export async function runOn(
  machine: Machine,
  script: string,
  args: readonly string[],
  cwd: string,
): Promise<Finished> {
  return machine.start(['/bin/bash', '-c', script, 'bash', ...args], { env: machine.env, cwd }).finished;
}

/** Puts a script where a machine can run it from. */
export function writeScript({ exchange }: Machine, text: string): string {
  const file = join(exchange, `step-${String(++scripts)}.sh`);
  writeFileSync(file, text, { mode: 0o755 });
  return file;
}

/** Takes a file that was made on a machine: its bytes are kept, the file is not. */
export function takeFile(file: string): Buffer {
  const bytes = readFileSync(file);
  rmSync(file);
  return bytes;
}
