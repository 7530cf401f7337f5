import { describe, expect, test } from '@jest/globals';
import type { CiJob, CiRun, Env } from './ci-system.ts';
import { ciSystems, detectCiSystem } from './detect.ts';

interface Example {
  readonly id: string;
  readonly what: string;
  readonly env: Env;
  readonly run: CiRun | undefined;
  readonly job: CiJob;
  readonly pipeline: string;
}

const github = {
  ...{
    CI: 'true',
    GITHUB_ACTIONS: 'true',
    GITHUB_RUN_ID: '55',
    GITHUB_RUN_ATTEMPT: '2',
    GITHUB_JOB: 'deploy',
  },
  ...{ GITHUB_SHA: 'c0ffee', GITHUB_ENV: '/runner/env', GITHUB_STEP_SUMMARY: '/runner/summary' },
};
const buildkite = {
  ...{ CI: 'true', BUILDKITE: 'true', BUILDKITE_BUILD_ID: 'b-1', BUILDKITE_JOB_ID: 'j-1' },
  ...{ BUILDKITE_BRANCH: 'topic', BUILDKITE_REPO: 'git@github.com:org/app.git', BUILDKITE_COMMIT: 'c0ffee' },
};
const azure = { TF_BUILD: 'True', BUILD_BUILDID: '9', SYSTEM_JOBID: 'j-9', BUILD_SOURCEVERSION: 'c0ffee' };
const jenkins = {
  ...{ JENKINS_URL: 'https://jenkins.example/', BUILD_TAG: 'jenkins-app-7', GIT_COMMIT: 'c0ffee' },
};
const bitbucket = {
  ...{
    CI: 'true',
    BITBUCKET_BUILD_NUMBER: '3',
    BITBUCKET_PIPELINE_UUID: '{p-3}',
    BITBUCKET_STEP_UUID: '{s-3}',
  },
  ...{ BITBUCKET_COMMIT: 'c0ffee' },
};
const woodpecker = {
  ...{ CI: 'woodpecker', CI_PIPELINE_NUMBER: '8', CI_WORKFLOW_NUMBER: '1', CI_STEP_NUMBER: '2' },
  ...{ CI_COMMIT_BRANCH: 'main', CI_COMMIT_SHA: 'c0ffee' },
};
const drone = {
  ...{ CI: 'true', DRONE: 'true', DRONE_BUILD_NUMBER: '8', DRONE_STAGE_NUMBER: '1', DRONE_STEP_NUMBER: '2' },
  ...{ DRONE_BRANCH: 'main', DRONE_COMMIT_SHA: 'c0ffee' },
};

const commit = 'c0ffee';
const examples: readonly Example[] = [
  {
    ...{ id: 'github', what: 'a push', pipeline: '55', job: { id: '55-2-deploy', node: '0' } },
    env: { ...github, GITHUB_REF: 'refs/heads/feature/a', GITHUB_EVENT_NAME: 'push' },
    run: { branch: 'feature/a', event: 'push', commit },
  },
  {
    ...{ id: 'github', what: 'a tag', pipeline: '55', job: { id: '55-2-deploy', node: '0' } },
    env: { ...github, GITHUB_REF: 'refs/tags/v1', GITHUB_EVENT_NAME: 'push' },
    run: { tag: 'v1', event: 'push', commit },
  },
  {
    ...{ id: 'github', what: 'a pull request', pipeline: '55', job: { id: '55-2-deploy', node: '0' } },
    env: {
      ...{ ...github, GITHUB_REF: 'refs/pull/7/merge', GITHUB_REF_NAME: '7/merge' },
      ...{ GITHUB_HEAD_REF: 'topic', GITHUB_EVENT_NAME: 'pull_request' },
    },
    run: { branch: 'topic', event: 'pull_request', commit },
  },
  {
    ...{ id: 'buildkite', what: 'a push, on a parallel job', pipeline: 'b-1', job: { id: 'j-1', node: '2' } },
    env: {
      ...{ ...buildkite, BUILDKITE_PULL_REQUEST: 'false', BUILDKITE_SOURCE: 'webhook' },
      BUILDKITE_PARALLEL_JOB: '2',
    },
    run: { branch: 'topic', event: 'webhook', commit },
  },
  {
    ...{ id: 'buildkite', what: 'the newest commit', pipeline: 'b-1', job: { id: 'j-1', node: '0' } },
    env: {
      ...buildkite,
      BUILDKITE_COMMIT: 'HEAD',
      BUILDKITE_SOURCE: 'schedule',
      BUILDKITE_PULL_REQUEST: 'false',
    },
    run: { branch: 'topic', event: 'schedule' },
  },
  {
    ...{ id: 'buildkite', what: 'a pull request of a fork', pipeline: 'b-1', job: { id: 'j-1', node: '0' } },
    env: {
      ...{ ...buildkite, BUILDKITE_PULL_REQUEST: '7' },
      BUILDKITE_PULL_REQUEST_REPO: 'https://github.com/someone/app.git',
    },
    run: { branch: 'topic', event: 'pull_request', commit, isFork: true },
  },
  {
    ...{ id: 'buildkite', what: 'a pull request of this repository', pipeline: 'b-1' },
    job: { id: 'j-1', node: '0' },
    env: {
      ...{ ...buildkite, BUILDKITE_PULL_REQUEST: '7' },
      BUILDKITE_PULL_REQUEST_REPO: 'https://github.com/Org/app',
    },
    run: { branch: 'topic', event: 'pull_request', commit, isFork: false },
  },
  {
    ...{ id: 'azure', what: 'a push', pipeline: '9', job: { id: 'j-9', node: '0' } },
    env: { ...azure, BUILD_SOURCEBRANCH: 'refs/heads/main', BUILD_REASON: 'IndividualCI' },
    run: { branch: 'main', event: 'IndividualCI', commit },
  },
  {
    ...{ id: 'azure', what: 'a pull request of a fork', pipeline: '9', job: { id: 'j-9', node: '1' } },
    env: {
      ...{ ...azure, BUILD_SOURCEBRANCH: 'refs/pull/7/merge', BUILD_REASON: 'PullRequest' },
      ...{ SYSTEM_PULLREQUEST_SOURCEBRANCH: 'refs/heads/topic', SYSTEM_PULLREQUEST_ISFORK: 'True' },
      SYSTEM_JOBPOSITIONINPHASE: '2',
    },
    run: { branch: 'topic', event: 'PullRequest', commit, isFork: true },
  },
  {
    ...{
      id: 'jenkins',
      what: 'a branch',
      pipeline: 'jenkins-app-7',
      job: { id: 'jenkins-app-7', node: '0' },
    },
    env: { ...jenkins, BRANCH_NAME: 'main' },
    run: { branch: 'main', commit },
  },
  {
    ...{ id: 'jenkins', what: 'a job of the old kind', pipeline: 'jenkins-app-7' },
    job: { id: 'jenkins-app-7', node: '0' },
    env: { ...jenkins, GIT_BRANCH: 'origin/main' },
    run: { branch: 'main', commit },
  },
  {
    ...{ id: 'jenkins', what: 'a tag', pipeline: 'jenkins-app-7', job: { id: 'jenkins-app-7', node: '0' } },
    env: { ...jenkins, BRANCH_NAME: 'v1', TAG_NAME: 'v1', GIT_BRANCH: 'v1' },
    run: { tag: 'v1', commit },
  },
  {
    ...{ id: 'jenkins', what: 'a pull request of a fork', pipeline: 'jenkins-app-7' },
    job: { id: 'jenkins-app-7', node: '0' },
    env: { ...jenkins, BRANCH_NAME: 'PR-7', CHANGE_ID: '7', CHANGE_BRANCH: 'topic', CHANGE_FORK: 'someone' },
    run: { branch: 'topic', event: 'pull_request', commit, isFork: true },
  },
  {
    ...{ id: 'bitbucket', what: 'a pull request', pipeline: '{p-3}', job: { id: '{s-3}', node: '1' } },
    env: { ...bitbucket, BITBUCKET_BRANCH: 'topic', BITBUCKET_PR_ID: '7', BITBUCKET_PARALLEL_STEP: '1' },
    run: { branch: 'topic', event: 'pull_request', commit },
  },
  {
    ...{ id: 'bitbucket', what: 'a tag', pipeline: '{p-3}', job: { id: '{s-3}', node: '0' } },
    env: { ...bitbucket, BITBUCKET_TAG: 'v1' },
    run: { tag: 'v1', commit },
  },
  {
    ...{ id: 'woodpecker', what: 'a pull request', pipeline: '8', job: { id: '8-1-2', node: '0' } },
    env: { ...woodpecker, CI_COMMIT_SOURCE_BRANCH: 'topic', CI_PIPELINE_EVENT: 'pull_request' },
    run: { branch: 'topic', event: 'pull_request', commit },
  },
  {
    ...{ id: 'drone', what: 'a pull request', pipeline: '8', job: { id: '8-1-2', node: '0' } },
    env: { ...drone, DRONE_SOURCE_BRANCH: 'topic', DRONE_BUILD_EVENT: 'pull_request' },
    run: { branch: 'topic', event: 'pull_request', commit },
  },
  {
    ...{ id: 'tekton', what: 'a task run', pipeline: 'u-1', job: { id: 'u-2', node: '0' }, run: undefined },
    env: { TEKTON_PIPELINE_RUN_UID: 'u-1', TEKTON_TASK_RUN_UID: 'u-2' },
  },
];

describe.each(examples)('$id, for $what', ({ id, env, run, job, pipeline }) => {
  const system = detectCiSystem(env);

  test('is detected', () => {
    expect(system.id).toBe(id);
  });

  test('reports pipeline, run and job', () => {
    expect(env[system.pipelineVariable ?? '']).toBe(pipeline);
    expect(system.readRun(env)).toEqual(run);
    expect(system.readJob(env)).toEqual(job);
  });
});

test('every system with a definition has an example', () => {
  const shown = new Set([...examples.map(({ id }) => id), 'circleci', 'gitlab']);
  expect(ciSystems.map(({ id }) => id).filter((id) => !shown.has(id))).toEqual([]);
});

describe('variables for later steps', () => {
  test.each([
    ['github', github, { kind: 'file', path: '/runner/env', syntax: 'assignment' }],
    ['buildkite', buildkite, { kind: 'program', command: ['buildkite-agent', 'env', 'set'] }],
    ['bitbucket', bitbucket, undefined],
    ['jenkins', jenkins, undefined],
    ['woodpecker', woodpecker, undefined],
    ['drone', drone, undefined],
  ])('of %s go to where it reads them', (_, env, target) => {
    expect(detectCiSystem(env).exportTo(env)).toEqual(target);
  });

  test('of Azure are a command in the log', () => {
    const target = detectCiSystem(azure).exportTo(azure);
    const line = target?.kind === 'log' ? target.line('DOCKER_HOST', 'unix:///run/a%b') : undefined;
    expect(line).toBe('##vso[task.setvariable variable=DOCKER_HOST]unix:///run/a%AZP25b\n');
  });
});

describe('what a system reads in the log', () => {
  const group = { id: 'dray_1', title: 'dray load', time: 1_700_000_000 };

  test.each([
    ['github', github, ['::group::dray load\n', '::endgroup::\n']],
    ['azure', azure, ['##[group]dray load\n', '##[endgroup]\n']],
    ['buildkite', buildkite, ['--- dray load\n', undefined]],
    [
      ...(['gitlab', { GITLAB_CI: 'true' }] as const),
      [
        'section_start:1700000000:dray_1[collapsed=true]\r\u001b[0Kdray load\n',
        'section_end:1700000000:dray_1\r\u001b[0K\n',
      ],
    ],
    ['circleci', { CIRCLECI: 'true' }, [undefined, undefined]],
    ['jenkins', jenkins, [undefined, undefined]],
  ])('%s: groups', (_, env, lines) => {
    const { openGroup, closeGroup } = detectCiSystem(env).log;
    expect([openGroup?.(group), closeGroup?.(group)]).toEqual(lines);
  });

  test.each([
    ['github', github, '::warning title=drayage::50%25 missing%0A::error::planted\n'],
    ['azure', azure, '##vso[task.logissue type=warning]50%AZP25 missing%0A::error::planted\n'],
  ])('%s: an annotation is one line, whatever is in it', (_, env, line) => {
    expect(detectCiSystem(env).log.annotate?.('warning', '50% missing\n::error::planted')).toBe(line);
  });

  test.each([
    ['github', github, '::add-mask::s%25cret\n'],
    ['azure', azure, '##vso[task.setsecret]s%AZP25cret\n'],
  ])('%s: a secret to mask', (_, env, line) => {
    expect(detectCiSystem(env).log.mask?.('s%cret')).toBe(line);
  });
});

describe('summaries', () => {
  test('of GitHub are a file', () => {
    expect(detectCiSystem(github).summaryTo(github)).toMatchObject({ kind: 'file', path: '/runner/summary' });
  });

  test('of Buildkite are an annotation of the job', () => {
    const target = detectCiSystem(buildkite).summaryTo(buildkite);
    const command = target?.kind === 'program' ? target.command('notice').join(' ') : undefined;
    expect(command).toBe('buildkite-agent annotate --style info --context drayage-j-1');
  });

  test('of Azure are a file that the log names', () => {
    const target = detectCiSystem(azure).summaryTo({ ...azure, AGENT_TEMPDIRECTORY: '/agent/tmp' });
    const line = target?.kind === 'log' ? target.line(`${target.dir}/a.md`) : undefined;
    expect(line).toBe('##vso[task.uploadsummary]/agent/tmp/a.md\n');
  });
});
