import { fileURLToPath } from 'node:url';

import { isObject } from '@drayage/core';
import type { BundleCollection, BundleInspection, BundleVerification } from '@drayage/core/bundle';
import type { DeliveryReport, PrepullReport } from '@drayage/core';
import type { WaitReport } from '@drayage/core/handover';

import { start, type Finished, type Running } from './processes.ts';

/** The built command, for those who start it in their own way. */
export const drayProgram: string = fileURLToPath(new URL('../../packages/cli/dist/dray.js', import.meta.url));

/** Where and how the command line runs. Nothing of this process's own configuration reaches it. */
export interface DrayOptions {
  /** `DOCKER_HOST` of the engine to use. */
  readonly host?: string | undefined;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** Starts `dray` as a user would. */
export function startDray(args: readonly string[], options: DrayOptions = {}): Running {
  const env = {
    DOCKER_CONFIG: '/nonexistent',
    DOCKER_HOST: options.host ?? 'unix:///nonexistent/docker.sock',
    DOCKER_CONTEXT: undefined,
    CI: 'true',
    CI_PIPELINE_ID: undefined,
    CIRCLE_WORKFLOW_ID: undefined,
    GITHUB_RUN_ID: undefined,
    NODE_OPTIONS: undefined,
    // Node.js would read them all at every start.
    NODE_EXTRA_CA_CERTS: undefined,
    ...options.env,
  };
  return start(process.execPath, [drayProgram, ...args], {
    env,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
}

/** Runs `dray` to its end, whatever its exit code. */
export async function dray(args: readonly string[], options: DrayOptions = {}): Promise<Finished> {
  return startDray(args, options).finished;
}

/** What `--json` prints, by command. */
export interface Reports {
  readonly prepull: PrepullReport;
  readonly load: DeliveryReport;
  readonly wait: WaitReport;
  readonly inspect: BundleInspection;
  readonly verify: BundleVerification;
  readonly gc: BundleCollection;
}

const requiredKeys: Readonly<Record<keyof Reports, readonly string[]>> = {
  prepull: ['outcome', 'images', 'bytesFetched', 'bytesReused', 'ms'],
  load: ['outcome', 'images', 'ms'],
  wait: ['outcome', 'images', 'ms'],
  inspect: ['images', 'blobs', 'bytes'],
  verify: ['ok', 'problems'],
  gc: ['removed', 'bytesFreed'],
};

/**
 * The object that `--json` printed. Throws with everything printed when it is not the report of that command.
 */
export function reportOf<Kind extends keyof Reports>(
  kind: Kind,
  { stdout, stderr, exitCode }: Finished,
): Reports[Kind] {
  const report = parseObject(stdout);
  if (isReport(kind, report)) return report;
  throw new Error(`cannot read the report (exit ${String(exitCode)}):\n${stdout}\n${stderr}`);
}

/** Runs `dray … --json` to its end. Throws unless it exits with 0. */
export async function drayJson<Kind extends keyof Reports>(
  kind: Kind,
  args: readonly string[],
  options: DrayOptions = {},
): Promise<Reports[Kind]> {
  const command = ['inspect', 'verify', 'gc'].includes(kind) ? ['bundle', kind] : [kind];
  const finished = await dray([...command, ...args, '--json'], options);
  if (finished.exitCode === 0) return reportOf(kind, finished);
  throw new Error(
    `dray ${kind} ${args.join(' ')} exited with ${String(finished.exitCode)}:\n${finished.stderr}`,
  );
}

function isReport<Kind extends keyof Reports>(kind: Kind, value: unknown): value is Reports[Kind] {
  return isObject(value) && requiredKeys[kind].every((key) => key in value);
}

function parseObject(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
