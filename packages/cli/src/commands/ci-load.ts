import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { printable } from '@drayage/core';
import { exitCodes } from '../exit-codes.ts';
import { chooseBundles, type BundleChoice } from '../steps/choose-bundles.ts';
import { dockerHostOf, findRoot, shareEngine, type Root } from '../steps/root.ts';
import { exportPlace } from '../wiring/export-docker-host.ts';
import { runDray, type DrayEnd } from '../steps/run-dray.ts';
import { readTimeLimit } from '../steps/time-limit.ts';
import { findWorkspace, foldersIn, handoverKeyOfStep, type Workspace } from '../steps/workspace.ts';
import type { CommandContext } from '../command.ts';

/** `dray ci load`. */
export function runCiLoad(context: CommandContext): Promise<number> {
  return loadStep(context, process.getuid?.() ?? 0);
}

/** `uid`: the job's user. */
export async function loadStep(context: CommandContext, uid: number): Promise<number> {
  const { config, host } = context;
  const isStrict = config.strict || config.onMiss === 'fail';
  const workspace = findWorkspace(context);
  const choice = await choose(context, workspace);
  if (choice.kind === 'none') {
    host.stderr.write(`dray: no bundle: ${choice.reason}; this job pulls its images normally\n`);
    return isStrict ? exitCodes.notAvailable : exitCodes.done;
  }
  const timeLimitMs = readTimeLimit(config.timeLimit, host);
  if (timeLimitMs === 'invalid') return exitCodes.usage;
  const step: LoadStep = {
    ...{ context, workspace, timeLimitMs, isSettled: choice.isSettled },
    root: await findRoot(config.sudo, uid, host.env),
  };
  let worst = 0;
  for (const path of choice.paths) worst = Math.max(worst, await loadBundle(step, path));
  if (passesOn(worst, isStrict)) return worst;
  if (worst !== 0) host.stderr.write('dray: this job pulls the missing images normally\n');
  if (config.privateEngine && !(await hasExported(config.exportFile))) await startEngine(step);
  return exitCodes.done;
}

interface LoadStep {
  readonly context: CommandContext;
  readonly workspace: Workspace | undefined;
  readonly root: Root | undefined;
  readonly timeLimitMs: number | undefined;
  readonly isSettled: boolean;
}

async function choose(
  { config }: CommandContext,
  workspace: Workspace | undefined,
): Promise<Choice | Extract<BundleChoice, { kind: 'none' }>> {
  if (workspace === undefined) return { kind: 'bundles', paths: [undefined], isSettled: false };
  const { key, bundles, ownBundle, begun } = workspace;
  return chooseBundles({
    ...{ key, own: ownBundle, isAttached: config.attached },
    hasHandover: config.handover !== undefined,
    found: await foldersIn(bundles),
    hasBegun: await exists(begun),
  });
}

interface Choice {
  readonly kind: 'bundles';
  /** Undefined: the configuration decides. */
  readonly paths: readonly (string | undefined)[];
  readonly isSettled: boolean;
}

/** A mistake in the settings fails the job; the other codes only occur if the user asked for them. */
function passesOn(exitCode: number, isStrict: boolean): boolean {
  const { usage, notAvailable, timedOut } = exitCodes;
  return isStrict || [usage, notAvailable, timedOut].some((code) => code === exitCode);
}

async function loadBundle(step: LoadStep, bundle: string | undefined): Promise<number> {
  const { context, workspace, isSettled } = step;
  const { config, host } = context;
  if (bundle !== undefined) await tellProblem(bundle, context);
  const mayExport = config.laterSteps || config.delivery === 'mount';
  const exportFile = mayExport ? exportPlace(host.env) : undefined;
  const end = await runLoad(step, {
    ...(bundle === undefined ? {} : { DRAY_BUNDLE: bundle }),
    ...(isSettled ? { DRAY_SETTLED: 'true' } : {}),
    ...(exportFile === undefined ? {} : { DRAY_EXPORT: exportFile }),
  });
  if (workspace !== undefined && bundle !== undefined) {
    await mkdir(workspace.reports, { recursive: true });
    await writeFile(join(workspace.reports, `load-${workspace.key}-${basename(bundle)}.json`), end.stdout);
  }
  await shareEngine(end.stdout, step.root);
  return end.exitCode;
}

function runLoad(step: LoadStep, env: Readonly<Record<string, string>>): Promise<DrayEnd> {
  return runCommand(step, ['load', '--json'], env);
}

function runCommand(
  { context, root, timeLimitMs }: LoadStep,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<DrayEnd> {
  const { config, host, signal } = context;
  return runDray({
    args,
    env: { ...host.env, ...env },
    handoverKey: handoverKeyOfStep(config),
    ...{ cwd: host.cwd, stderr: host.ciCommands, root, timeLimitMs, signal },
  });
}

/**
 * There were no packs to mount: starts an engine and loads the images into it, without waiting
 * again.
 */
async function startEngine(step: LoadStep): Promise<void> {
  const { exitCode, stdout } = await runCommand(step, ['engine', 'start', '--json'], {});
  const dockerHost = dockerHostOf(stdout);
  if (exitCode !== 0 || dockerHost === undefined) return;
  await shareEngine(stdout, step.root);
  await runLoad(step, { DOCKER_HOST: dockerHost, DRAY_DELIVERY: 'load', DRAY_SETTLED: 'true' });
}

/** Prints the message that a pre-pull job without a dray command left in place of a bundle. */
async function tellProblem(bundle: string, { host }: CommandContext): Promise<void> {
  const text = await readFile(join(bundle, 'problem.txt'), 'utf8').catch(() => '');
  if (text !== '') host.stderr.write(`dray: message from the pre-pull job: ${printable(text.trim(), 200)}\n`);
}

async function hasExported(file: string | undefined): Promise<boolean> {
  if (file === undefined) return false;
  const found = await stat(file).catch(() => undefined);
  return found !== undefined && found.size > 0;
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
