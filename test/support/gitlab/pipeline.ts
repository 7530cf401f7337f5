import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { start, type Finished, type Running } from '../processes.ts';
import type { Project } from './project.ts';

const program = fileURLToPath(
  new URL('../../../node_modules/gitlab-ci-local/dist/index.js', import.meta.url),
);

/** How a job ended; `warned`: it failed and was allowed to. */
export type JobState = 'passed' | 'warned' | 'failed' | 'not run';

/** What came of a pipeline. */
export interface PipelineResult {
  readonly passed: boolean;
  /** Everything that gitlab-ci-local printed. */
  readonly text: string;
  stateOf(job: string): JobState;
  /** What a job has printed, with the commands it ran. */
  logOf(job: string): string;
}

/** A pipeline that is running. */
export interface RunningPipeline {
  readonly finished: Promise<PipelineResult>;
  /** Resolves when a job prints something. */
  waitFor(job: string, pattern: RegExp): Promise<unknown>;
}

/** How a pipeline is run. */
export interface PipelineOptions {
  /** What GitLab and its runner would set: the API, the job's token, where the engine is. */
  readonly variables?: Readonly<Record<string, string>>;
  /** More options of gitlab-ci-local; without any, jobs run by the shell executor. */
  readonly executor?: readonly string[];
  /** For gitlab-ci-local itself: the docker executor's own engine. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Receives the state of the jobs whenever it changes. */
  readonly onJobs?: (jobs: readonly PipelineJob[]) => void;
}

/** How a job stands, in GitLab's words. */
export interface PipelineJob {
  readonly name: string;
  readonly status: 'running' | 'success' | 'failed';
}

/**
 * Starts a pipeline as the newest commit of a project has it. What gitlab-ci-local does not model, tests do:
 * jobs without a runner are those that the API lists and that are not run here, and a time limit or a lost
 * runner is a process that is killed.
 */
export function startPipeline(project: Project, options: PipelineOptions = {}): RunningPipeline {
  const { executor, variables } = options;
  const running = startLocal(project, options, [
    '--no-artifacts-to-source',
    // Takes longer than the rest of its start; createPipeline looks at the schema.
    '--no-json-schema-validation',
    ...(executor ?? ['--force-shell-executor', '--shell-isolation']),
    ...variableArguments(executor === undefined ? { HOME: project.home, ...variables } : { ...variables }),
  ]);
  const stop = options.onJobs === undefined ? () => undefined : followJobs(running, options.onJobs);
  return {
    finished: running.finished.then((finished) => {
      stop();
      return resultOf(project, finished);
    }),
    waitFor: (job, pattern) => running.waitFor(new RegExp(`^${job} +> .*${pattern.source}`, 'm')),
  };
}

/** Runs a pipeline to its end, however it ends. */
export async function runPipeline(project: Project, options?: PipelineOptions): Promise<PipelineResult> {
  return startPipeline(project, options).finished;
}

/**
 * Lets GitLab's rules make a pipeline and runs nothing. The text is the pipeline in full, or why there is
 * none.
 */
export async function createPipeline(
  project: Project,
  variables: Readonly<Record<string, string>> = {},
): Promise<{ readonly created: boolean; readonly text: string }> {
  const { exitCode, stdout, stderr } = await startLocal(project, {}, [
    '--preview',
    ...variableArguments(variables),
  ]).finished;
  return { created: exitCode === 0, text: exitCode === 0 ? stdout : stdout + stderr };
}

/**
 * Follows the output of gitlab-ci-local as each job begins and ends; omits jobs that have not begun.
 */
function followJobs({ output }: Running, onJobs: (jobs: readonly PipelineJob[]) => void): () => void {
  let told = '';
  const look = (): void => {
    const jobs = jobsIn(output.stdout + output.stderr);
    if (JSON.stringify(jobs) === told) return;
    told = JSON.stringify(jobs);
    onJobs(jobs);
  };
  const timer = setInterval(look, 50);
  return () => {
    clearInterval(timer);
    look();
  };
}

function jobsIn(text: string): PipelineJob[] {
  const jobs = new Map<string, PipelineJob>();
  for (const [, name = ''] of text.matchAll(/^([^>$]*?) +starting /gm))
    jobs.set(name, { name, status: 'running' });
  for (const [, name = '', exit] of text.matchAll(/^([^>$]*?) +finished in [\d.]+ \w+(.*)$/gm))
    if (jobs.has(name)) jobs.set(name, { name, status: exit === '' ? 'success' : 'failed' });
  return [...jobs.values()];
}

function startLocal(
  { repository, home }: Project,
  { env }: PipelineOptions,
  args: readonly string[],
): Running {
  return start(process.execPath, [program, '--home', home, '--no-color', ...args], {
    cwd: repository,
    env: { ...withoutCi(), NODE_OPTIONS: undefined, ...env },
  });
}

/**
 * Jobs inherit the environment of a shell executor; the tests' own environment belongs to another CI system.
 */
function withoutCi(): Record<string, undefined> {
  const names = Object.keys(process.env).filter((name) =>
    /^(CI|CI_|GITLAB_|GITHUB_|CIRCLE|DRAY_|DOCKER_)/.test(name),
  );
  return Object.fromEntries(names.map((name) => [name, undefined]));
}

function variableArguments(variables: Readonly<Record<string, string>>): string[] {
  const all = { GITLAB_CI: 'true', ...variables };
  return [
    ...Object.entries(all).flatMap(([name, value]) => ['--variable', `${name}=${value}`]),
    '--ignore-predefined-vars',
    Object.keys(all).join(','),
  ];
}

function resultOf({ repository }: Project, { exitCode, stdout, stderr }: Finished): PipelineResult {
  const text = stdout + stderr;
  return {
    passed: exitCode === 0,
    text,
    stateOf: (job) => stateIn(stdout, job),
    logOf: (job) => {
      const file = join(repository, '.gitlab-ci-local/output', `${fileNameOf(job)}.log`);
      return existsSync(file) ? readFileSync(file, 'utf8') : '';
    },
  };
}

const states: Readonly<Record<string, JobState>> = { PASS: 'passed', WARN: 'warned', FAIL: 'failed' };

/** Read from the report at the end, which has lines such as ` PASS  job`. */
function stateIn(stdout: string, job: string): JobState {
  const line = new RegExp(`^ (PASS|WARN|FAIL)  ${job} *(?:pre_script)?$`, 'm').exec(stdout);
  return states[line?.[1] ?? ''] ?? 'not run';
}

function fileNameOf(job: string): string {
  return job.replaceAll(/[^\w-]+/g, (text) => Buffer.from(text).toString('base64url'));
}
