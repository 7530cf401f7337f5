import { ciRun, noExtras, readRef, textOf } from '../ci-system.ts';
import { workflowCommands } from '../log/workflow-commands.ts';
import type { CiRun, CiSystem } from '../ci-system.ts';

/** GitHub accepts no larger summary of a step. */
const summaryBytes = 1024 * 1024;

/**
 * Also Gitea and Forgejo. @see https://docs.github.com/en/actions/reference/workflows-and-actions/variables
 */
export const github: CiSystem = {
  id: 'github',
  name: 'GitHub Actions',
  // Without the attempt: re-run jobs find what the first attempt handed over.
  pipelineVariable: 'GITHUB_RUN_ID',
  isHere: (env) => env['GITHUB_ACTIONS'] === 'true',
  readRun(env): CiRun {
    const head = textOf(env, 'GITHUB_HEAD_REF');
    // For a pull request, GITHUB_REF is refs/pull/7/merge. Only the event's file says whether it is of a
    // fork.
    const { branch, tag } = readRef(textOf(env, 'GITHUB_REF'));
    return ciRun({
      branch: head ?? branch,
      tag,
      event: textOf(env, 'GITHUB_EVENT_NAME'),
      commit: textOf(env, 'GITHUB_SHA'),
    });
  },
  // No variable numbers the jobs of a matrix.
  readJob: (env) => ({
    id:
      [textOf(env, 'GITHUB_RUN_ID'), textOf(env, 'GITHUB_RUN_ATTEMPT'), textOf(env, 'GITHUB_JOB')]
        .filter((part) => part !== undefined)
        .join('-') || '0',
    node: '0',
  }),
  ...noExtras,
  exportTo(env) {
    const path = textOf(env, 'GITHUB_ENV');
    return path === undefined ? undefined : { kind: 'file', path, syntax: 'assignment' };
  },
  summaryTo(env) {
    const path = textOf(env, 'GITHUB_STEP_SUMMARY');
    return path === undefined ? undefined : { kind: 'file', path, maxBytes: summaryBytes };
  },
  log: workflowCommands,
  jobInterface: 'github',
  cancellation: [
    { signal: 'SIGINT', afterMs: 0 },
    { signal: 'SIGTERM', afterMs: 7_500 },
    { signal: 'SIGKILL', afterMs: 2_500 },
  ],
};
