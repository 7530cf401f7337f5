import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { reasonOf } from '@drayage/core';
import type { PrepullJob, PrepullJobState } from '@drayage/core/handover';

export interface BuildkitePrepullJobOptions {
  /** The `key` of the step. */
  readonly step: string;
  /** The environment of the agent's program. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Called once, with a sentence, if the agent cannot tell. */
  readonly onUnknown?: ((message: string) => void) | undefined;
}

/** @see https://buildkite.com/docs/agent/cli/reference/step */
const states: ReadonlyMap<string, PrepullJobState> = new Map([
  ['waiting_for_dependencies', 'pending'],
  ['ready', 'pending'],
  ['running', 'running'],
  ['failing', 'running'],
  ['ignored', 'skipped'],
]);

const outcomes: ReadonlyMap<string, PrepullJobState> = new Map([
  ['passed', 'succeeded'],
  ['soft_failed', 'failed'],
  ['hard_failed', 'failed'],
  ['errored', 'failed'],
  // The step ended without running a job.
  ['neutral', 'skipped'],
]);

const run = promisify(execFile);
const answerMs = 30_000;

/** Asks the agent for the state of a step of this build. Stops asking after a failure. */
export function createBuildkitePrepullJob(
  options: BuildkitePrepullJobOptions,
): PrepullJob & { close(): void } {
  let isKnowable = true;
  return {
    async look(signal) {
      if (!isKnowable) return undefined;
      try {
        const state = await ask('state', options, signal);
        return state === 'finished' ? outcomes.get(await ask('outcome', options, signal)) : states.get(state);
      } catch (error) {
        if (signal?.aborted === true) throw error;
        isKnowable = false;
        options.onUnknown?.(`cannot look up step ${options.step} with buildkite-agent: ${reasonOf(error)}`);
        return undefined;
      }
    },
    close: () => undefined,
  };
}

async function ask(
  attribute: 'state' | 'outcome',
  { step, env }: BuildkitePrepullJobOptions,
  signal: AbortSignal | undefined,
): Promise<string> {
  const args = ['step', 'get', attribute, '--step', step];
  const { stdout } = await run('buildkite-agent', args, { env: { ...env }, timeout: answerMs, signal });
  return stdout.trim();
}
