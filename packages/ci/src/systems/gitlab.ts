import { ciRun, fromZero, noExtras, textOf } from '../ci-system.ts';
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
    const [source, target] = [
      textOf(env, 'CI_MERGE_REQUEST_SOURCE_PROJECT_ID'),
      textOf(env, 'CI_MERGE_REQUEST_PROJECT_ID'),
    ];
    const isFork = source === undefined || target === undefined ? undefined : source !== target;
    return ciRun({ branch, tag, event, commit: textOf(env, 'CI_COMMIT_SHA'), isFork });
  },
  readJob: (env) => ({
    id: textOf(env, 'CI_JOB_ID') ?? '0',
    node: fromZero(textOf(env, 'CI_NODE_INDEX')),
  }),
  // exportTo: before_script, script and the hidden jobs share one shell, and the template names the file
  // itself.
  ...noExtras,
  log: {
    openGroup: ({ id, title, time }) =>
      `section_start:${String(time)}:${id}[collapsed=true]\r\u001b[0K${title}\n`,
    closeGroup: ({ id, time }) => `section_end:${String(time)}:${id}\r\u001b[0K\n`,
  },
  jobInterface: 'gitlab',
  handover: () => 'gitlab://packages',
  cacheRoot: (env) => textOf(env, 'CI_PROJECT_DIR'),
};
