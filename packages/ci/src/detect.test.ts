import { describe, expect, test } from '@jest/globals';
import type { Env } from './ci-system.ts';
import { ciSystems, detectCiSystem } from './detect.ts';

const circle: Env = { CI: 'true', CIRCLECI: 'true', CIRCLE_BRANCH: 'topic', CIRCLE_BUILD_NUM: '12' };
const gitlab: Env = { CI: 'true', GITLAB_CI: 'true', CI_COMMIT_REF_NAME: 'topic', CI_JOB_ID: '34' };

describe('the CI system', () => {
  test.each([
    ['circleci', circle],
    ['gitlab', gitlab],
    ['jenkins', { BUILD_TAG: 'jenkins-app-1' }],
    // An agent that Jenkins starts for another system has its variables, too.
    ['github', { GITHUB_ACTIONS: 'true', JENKINS_URL: 'https://jenkins.example/' }],
    // Woodpecker can set the variables of Drone.
    ['woodpecker', { CI: 'woodpecker', DRONE: 'true' }],
    ['plain', { CI: 'true', BUILDKITE: 'false', TF_BUILD: '', GITHUB_ACTIONS: 'no' }],
    ['plain', { CIRCLECI: '', GITLAB_CI: 'false' }],
  ])('%s is found by its variables', (id, env) => {
    expect(detectCiSystem(env).id).toBe(id);
  });

  test('has a name and a pipeline variable that no other has', () => {
    for (const names of [
      ciSystems.map(({ id }) => id),
      ciSystems.map(({ name }) => name),
      ciSystems.map(({ pipelineVariable }) => pipelineVariable),
    ]) {
      expect(new Set(names).size).toBe(ciSystems.length);
    }
  });
});

describe('CircleCI', () => {
  const system = detectCiSystem(circle);

  test('tells the branch, the tag and a pull request', () => {
    expect(system.readRun(circle)).toEqual({ branch: 'topic' });
    expect(system.readRun({ CIRCLE_TAG: 'v1', CIRCLE_BRANCH: '' })).toEqual({ tag: 'v1' });
    expect(system.readRun({ ...circle, CIRCLE_PULL_REQUEST: 'https://example/7' })).toEqual({
      branch: 'topic',
      event: 'pull_request',
    });
  });

  test('tells the job and which of its parallel copies this is', () => {
    expect(system.readJob({ ...circle, CIRCLE_NODE_INDEX: '3' })).toEqual({ id: '12', node: '3' });
    expect(system.readJob({})).toEqual({ id: '0', node: '0' });
  });

  test('has a file for variables where the steps run in bash', () => {
    expect(system.exportTo({ BASH_ENV: '/tmp/env' })).toEqual({
      kind: 'file',
      path: '/tmp/env',
      syntax: 'shell',
    });
    expect(system.exportTo({ BASH_ENV: '' })).toBeUndefined();
  });

  test('leaves out what a parameter says when it was not given, and nothing else', () => {
    const left = { DRAY_FORM: 'default', DRAY_STRICT: 'false', DRAY_FROZEN: '0', DRAY_REPACK: '1' };
    const env = { ...left, DRAY_GRACE: '0', ORB_LEFT_OPEN: Object.keys(left).join(' ') };
    expect(system.givenVariables(env)).toEqual({
      DRAY_GRACE: '0',
      DRAY_REPACK: '1',
      ORB_LEFT_OPEN: env.ORB_LEFT_OPEN,
    });
  });
});

describe('GitLab', () => {
  const system = detectCiSystem(gitlab);

  test('tells the branch, the tag and what started the pipeline', () => {
    expect(system.readRun(gitlab)).toEqual({ branch: 'topic' });
    expect(system.readRun({ CI_COMMIT_TAG: 'v1', CI_PIPELINE_SOURCE: 'push' })).toEqual({
      tag: 'v1',
      event: 'push',
    });
    const merge = { CI_MERGE_REQUEST_ID: '5', CI_MERGE_REQUEST_SOURCE_BRANCH_NAME: 'fix' };
    expect(system.readRun({ ...gitlab, ...merge })).toEqual({ branch: 'fix', event: 'pull_request' });
  });

  test('tells the job, and counts its parallel copies from 0', () => {
    expect(system.readJob(gitlab)).toEqual({ id: '34', node: '0' });
    expect(system.readJob({ ...gitlab, CI_NODE_INDEX: '2' })).toEqual({ id: '34', node: '1' });
  });
});

test('an unknown system says nothing, and every variable counts', () => {
  const system = detectCiSystem({});
  expect(system.readRun({ CIRCLE_BRANCH: 'topic' })).toBeUndefined();
  expect(system.exportTo({ BASH_ENV: '/tmp/env' })).toBeUndefined();
  const env = { DRAY_FORM: 'default', ORB_LEFT_OPEN: 'DRAY_FORM' };
  expect(system.givenVariables(env)).toEqual(env);
});
