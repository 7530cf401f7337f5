import type { Step, StepWhen } from '@drayage/circleci/testing';

import { runOn } from './machine.ts';
import type { NodeContext } from './node-context.ts';
import type { NodeRecord, StepRecord } from './records.ts';
import { doStep } from './step-actions.ts';

/** Ends a job from outside: what runs is killed, and nothing more begins. */
export interface Cancellation {
  isCanceled: boolean;
}

/** Runs the steps of one node. Resolves with how it ended. */
export async function runNode(
  steps: readonly Step[],
  context: NodeContext,
  record: NodeRecord,
  cancellation: Cancellation,
): Promise<'success' | 'failed' | 'canceled'> {
  const { machine, workingDirectory } = context;
  await runOn(machine, 'mkdir -p "$1" && : >"$2"', [workingDirectory, context.env['BASH_ENV'] ?? ''], '/');
  let hasFailed = false;
  for (const step of steps) {
    const entry: StepRecord = { name: nameOf(step), kind: step.kind, status: 'running', output: '' };
    record.steps.push(entry);
    if (cancellation.isCanceled || !isDue(whenOf(step), hasFailed)) {
      entry.status = cancellation.isCanceled ? 'canceled' : 'skipped';
      continue;
    }
    const { isOk, output } = await doStep(step, context, entry).catch((error: unknown) => {
      // The machine of a canceled job is gone.
      if (cancellation.isCanceled) return { isOk: false, output: 'canceled' };
      throw error;
    });
    entry.output += output;
    entry.status = endOf(isOk, cancellation);
    hasFailed ||= !isOk;
  }
  return endOf(!hasFailed, cancellation);
}

function endOf(isOk: boolean, { isCanceled }: Cancellation): 'success' | 'failed' | 'canceled' {
  if (isCanceled) return 'canceled';
  return isOk ? 'success' : 'failed';
}

function isDue(when: StepWhen, hasFailed: boolean): boolean {
  return when === 'always' || (when === 'on_fail') === hasFailed;
}

/** Artifacts and test results are stored whatever has failed. */
function whenOf(step: Step): StepWhen {
  switch (step.kind) {
    case 'run':
    case 'save_cache':
      return step.when;
    case 'store_artifacts':
    case 'store_test_results':
      return 'always';
    case 'checkout':
    case 'setup_remote_docker':
    case 'restore_cache':
    case 'persist_to_workspace':
    case 'attach_workspace':
      return 'on_success';
  }
}

function nameOf(step: Step): string {
  return 'name' in step ? step.name : step.kind;
}
