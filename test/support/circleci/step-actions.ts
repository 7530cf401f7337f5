import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunStep, Step } from '@drayage/circleci/testing';

import { listProcesses, withDescendants } from '../process-table.ts';
import type { Running } from '../processes.ts';
import { waitUntil } from '../wait.ts';
import { restoreCache, saveCache } from './cache.ts';
import { runOn, writeScript } from './machine.ts';
import type { NodeContext } from './node-context.ts';
import type { StepRecord } from './records.ts';
import { attach, persist, type StepEnd } from './workspace.ts';

const fine: StepEnd = { isOk: true, output: '' };

/** Does what a step asks for; what it prints goes to the record as it comes. */
export async function doStep(step: Step, context: NodeContext, record: StepRecord): Promise<StepEnd> {
  const { machine, workspace, caches } = context;
  const cwd = context.workingDirectory;
  switch (step.kind) {
    case 'run':
      return runScript(step, context, record);
    case 'checkout':
      return fromFinished(context, 'mkdir -p "$2" && cp -r "$1/." "$2"', context.source, step.path ?? cwd);
    case 'setup_remote_docker':
      if (context.executor !== 'docker') return { isOk: false, output: 'only with the docker executor' };
      Object.assign(context.env, { DOCKER_HOST: context.engineHost });
      return fine;
    case 'restore_cache':
      return restoreCache(machine, caches, step.keys, { cwd, env: context.env });
    case 'save_cache':
      return saveCache(machine, caches, step, { cwd, env: context.env });
    case 'persist_to_workspace':
      return persist(machine, workspace, {
        ...{ job: context.job, node: context.node, cwd },
        ...{ root: absolute(step.root, context), paths: step.paths },
      });
    case 'attach_workspace': {
      const where = { at: absolute(step.at, context), cwd };
      return attach(machine, context.upstreamLayers(), where, context.isUpstream);
    }
    case 'store_artifacts':
      return storeArtifacts(step.path, step.destination, context);
    case 'store_test_results':
      return fine;
  }
}

async function runScript(step: RunStep, context: NodeContext, record: StepRecord): Promise<StepEnd> {
  const { machine } = context;
  const shell = (step.shell ?? context.shell).split(' ');
  const cwd = absolute(step.workingDirectory ?? '.', context);
  const env = { ...context.env, ...step.environment };
  const child = machine.start([...shell, writeScript(machine, step.command)], { env, cwd });
  const collect = collectOutput(child, record);
  if (step.background) {
    const watch = watchOutput(child, Infinity, collect);
    void child.finished.then(() => clearInterval(watch));
    return fine;
  }
  const watch = watchOutput(child, step.noOutputTimeoutMs, collect);
  const { exitCode } = await child.finished;
  clearInterval(watch);
  collect();
  return { isOk: exitCode === 0, output: '' };
}

/** Updates the record of a step; each call returns whether there was new output. */
function collectOutput(child: Running, record: StepRecord): () => boolean {
  let seen = '';
  return () => {
    const now = child.output.stdout + child.output.stderr;
    if (now.length === seen.length) return false;
    seen = now;
    record.output = now;
    return true;
  };
}

const LOOK_EVERY_MS = 25;

/** Ends a step that prints nothing for too long. */
function watchOutput(child: Running, limitMs: number, collect: () => boolean): NodeJS.Timeout {
  let since = performance.now();
  return setInterval(() => {
    if (collect()) since = performance.now();
    if (performance.now() - since > limitMs) void endTree(child.pid);
  }, LOOK_EVERY_MS);
}

async function endTree(pid: number): Promise<void> {
  const left = (): number[] => {
    const all = listProcesses();
    return withDescendants(
      all,
      all.filter((entry) => entry.pid === pid),
    ).map((entry) => entry.pid);
  };
  for (const each of left()) process.kill(each, 'SIGKILL');
  await waitUntil(() => left().length === 0, 'the step has ended');
}

/**
 * Resolves paths as CircleCI does for its own steps: `~` is the home directory, all else is relative to the
 * working directory.
 */
export function absolute(
  path: string,
  { machine, workingDirectory }: Pick<NodeContext, 'machine' | 'workingDirectory'>,
): string {
  if (path === '~' || path.startsWith('~/')) return join(machine.env['HOME'] ?? '/', path.slice(1));
  return path.startsWith('/') ? path : join(workingDirectory, path);
}

async function storeArtifacts(
  path: string,
  destination: string | undefined,
  context: NodeContext,
): Promise<StepEnd> {
  const { machine, artifacts } = context;
  const from = absolute(path, context);
  const folder = join(machine.exchange, 'artifacts', String(artifacts.size));
  const script =
    'mkdir -p "$2"; if [ -d "$1" ]; then cp -rL "$1/." "$2"; else cp "$1" "$2" || echo "No artifact files found at $1"; fi';
  const end = await fromFinished(context, script, from, folder);
  for (const file of filesBelow(folder)) {
    artifacts.set(join(destination ?? from, file.slice(folder.length)), readFileSync(file, 'utf8'));
  }
  return end;
}

function filesBelow(folder: string): string[] {
  try {
    const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  } catch {
    return [];
  }
}

async function fromFinished(
  { machine, workingDirectory }: NodeContext,
  script: string,
  ...args: readonly string[]
): Promise<StepEnd> {
  const { exitCode, stdout, stderr } = await runOn(machine, script, args, workingDirectory);
  return { isOk: exitCode === 0, output: stdout + stderr };
}
