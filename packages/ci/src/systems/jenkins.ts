import { ciRun, noExtras, textOf } from '../ci-system.ts';
import type { CiRun, CiSystem } from '../ci-system.ts';

/** @see https://www.jenkins.io/doc/book/pipeline/jenkinsfile/#using-environment-variables */
export const jenkins: CiSystem = {
  id: 'jenkins',
  name: 'Jenkins',
  // jenkins-JOB-NUMBER.
  pipelineVariable: 'BUILD_TAG',
  isHere: (env) => textOf(env, 'JENKINS_URL') !== undefined || /^jenkins-/.test(env['BUILD_TAG'] ?? ''),
  readRun(env): CiRun {
    const tag = textOf(env, 'TAG_NAME');
    // In a multibranch pipeline, BRANCH_NAME of a pull request is PR-7, and of a tag, the tag.
    const name = tag === undefined ? textOf(env, 'BRANCH_NAME') : undefined;
    const git = textOf(env, 'GIT_BRANCH')?.replace(/^origin\//, '');
    const isPullRequest = textOf(env, 'CHANGE_ID') !== undefined;
    return ciRun({
      branch: textOf(env, 'CHANGE_BRANCH') ?? name ?? (tag === undefined ? git : undefined),
      tag,
      event: isPullRequest ? 'pull_request' : undefined,
      commit: textOf(env, 'GIT_COMMIT'),
      isFork: isPullRequest ? textOf(env, 'CHANGE_FORK') !== undefined : undefined,
    });
  },
  readJob: (env) => ({ id: textOf(env, 'BUILD_TAG') ?? textOf(env, 'BUILD_NUMBER') ?? '0', node: '0' }),
  ...noExtras,
};
