import { textOf } from '../ci-system.ts';
import type { CiRun, CiSystem } from '../ci-system.ts';

/** @see https://docs.gitlab.com/ci/variables/predefined_variables/ */
export const gitlab: CiSystem = {
  id: 'gitlab',
  name: 'GitLab CI/CD',
  pipelineVariable: 'CI_PIPELINE_ID',
  isHere: (env) => env['GITLAB_CI'] === 'true',
  readRun(env): CiRun {
    const tag = textOf(env, 'CI_COMMIT_TAG');
    // For a tag, CI_COMMIT_REF_NAME is that tag; callers prefer the tag.
    const branch = textOf(env, 'CI_MERGE_REQUEST_SOURCE_BRANCH_NAME') ?? textOf(env, 'CI_COMMIT_REF_NAME');
    const event =
      textOf(env, 'CI_PIPELINE_SOURCE') ??
      (textOf(env, 'CI_MERGE_REQUEST_ID') === undefined ? undefined : 'pull_request');
    return {
      ...(branch === undefined ? {} : { branch }),
      ...(tag === undefined ? {} : { tag }),
      ...(event === undefined ? {} : { event }),
    };
  },
  readJob: (env) => ({
    id: textOf(env, 'CI_JOB_ID') ?? '0',
    node: nodeOf(textOf(env, 'CI_NODE_INDEX')),
  }),
  // Before_script, script and the hidden jobs share one shell: the template names the file itself.
  exportFile: () => undefined,
  givenVariables: (env) => env,
};

/** GitLab counts from 1. */
function nodeOf(index: string | undefined): string {
  return index === undefined ? '0' : String(Number(index) - 1);
}
