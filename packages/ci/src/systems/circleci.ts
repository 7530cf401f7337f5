import { ciRun, noExtras, textOf } from '../ci-system.ts';
import type { CiRun, CiSystem, Env } from '../ci-system.ts';

/** Lists the variables of an orb's step whose parameters have a value for "not given". */
const leftOpenVariable = 'ORB_LEFT_OPEN';

/** That value for an enum, a boolean and an integer: a parameter of these types cannot be empty. */
const notGiven = ['default', 'false', '0'];

/** Any of them is set for a pull request. */
const pullRequestVariables = ['CIRCLE_PR_NUMBER', 'CIRCLE_PULL_REQUEST', 'CI_PULL_REQUEST'];

/** @see https://circleci.com/docs/reference/variables/ */
export const circleci: CiSystem = {
  id: 'circleci',
  name: 'CircleCI',
  pipelineVariable: 'CIRCLE_WORKFLOW_ID',
  isHere: (env) => env['CIRCLECI'] === 'true',
  readRun(env): CiRun {
    const branch = textOf(env, 'CIRCLE_BRANCH');
    const tag = textOf(env, 'CIRCLE_TAG');
    const isPullRequest = pullRequestVariables.some((name) => textOf(env, name) !== undefined);
    return ciRun({
      branch,
      tag,
      event: isPullRequest ? 'pull_request' : undefined,
      commit: textOf(env, 'CIRCLE_SHA1'),
    });
  },
  readJob: (env) => ({
    id: textOf(env, 'CIRCLE_BUILD_NUM') ?? '0',
    node: textOf(env, 'CIRCLE_NODE_INDEX') ?? '0',
  }),
  ...noExtras,
  exportTo(env) {
    const path = textOf(env, 'BASH_ENV');
    return path === undefined ? undefined : { kind: 'file', path, syntax: 'shell' };
  },
  givenVariables(env): Env {
    const leftOpen = (textOf(env, leftOpenVariable) ?? '').split(' ');
    const isGiven = (name: string, value: string | undefined): boolean =>
      !leftOpen.includes(name) || !notGiven.includes(value ?? '');
    return Object.fromEntries(Object.entries(env).filter(([name, value]) => isGiven(name, value)));
  },
};
