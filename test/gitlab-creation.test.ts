import { afterEach, expect, test } from '@jest/globals';
import { isObject } from '@drayage/core';
import { parse } from 'yaml';

import { createPipeline, runPipeline } from './support/gitlab/pipeline.ts';
import { makeProject, type Project } from './support/gitlab/project.ts';
import { describeWith } from './support/requirements.ts';

/** A pipeline like those that people have: everything that a template could trample on is in it. */
const userPipeline = `
workflow:
  rules: [{if: $CI_COMMIT_BRANCH}]
stages: [lint, test, deploy]
variables: {DOCKER_HOST: 'tcp://docker:2375', DOCKER_TLS_CERTDIR: '', GREETING: hello}
default:
  image: node:22
  tags: [ours]
  services: [{name: 'docker:28-dind', alias: docker}]
  before_script: [echo "$GREETING from default"]
  after_script: [echo default after]
  cache: {key: modules, paths: [node_modules/]}
  interruptible: false
  retry: 1
.base: {variables: {LEVEL: base}}
lint: {stage: lint, needs: [], script: [echo lint]}
unit: {stage: test, extends: .base, after_script: [], before_script: [echo unit before], script: [echo unit, mkdir -p out, echo built >out/file], artifacts: {paths: [out/]}}
integration: {stage: test, services: ['postgres:17'], needs: [lint], script: [echo integration]}
matrix: {stage: test, parallel: {matrix: [{KIND: [a, b]}]}, script: [echo "$KIND"]}
deploy: {stage: deploy, needs: [unit, integration], script: [cat out/file], environment: production}
late: {stage: deploy, script: [echo late], rules: [{when: on_success, allow_failure: true}]}
`;

function including(inputs: string): string {
  return `include: [{local: /prepull.yml, inputs: ${inputs}}]\n`;
}

describeWith({ programs: ['bash', 'git', 'rsync'] }, 'a pipeline that includes the GitLab templates', () => {
  const projects: Project[] = [];

  afterEach(async () => {
    for (const project of projects.splice(0)) await project.remove();
  });

  const projectOf = async (pipeline: string): Promise<Project> => {
    const project = await makeProject({ '.gitlab-ci.yml': pipeline });
    projects.push(project);
    return project;
  };
  const create = async (pipeline: string): ReturnType<typeof createPipeline> =>
    createPipeline(await projectOf(pipeline));

  test('has the jobs, stages and defaults that it had without them, and one more job', async () => {
    const [without, withThem] = await Promise.all([
      create(userPipeline),
      create(including('{images: [redis:7]}') + userPipeline),
    ]);
    const before = settingsIn(without.text);
    const after = settingsIn(withThem.text);
    expect(Object.keys(before)).toEqual(expect.arrayContaining(['lint', 'unit', 'deploy', 'stages']));
    expect(after).toMatchObject(before);
    for (const [name, value] of Object.entries(before)) expect([name, after[name]]).toEqual([name, value]);
    const added = Object.keys(after).filter((name) => !(name in before));
    expect(added.filter((name) => !name.startsWith('.'))).toEqual(['drayage:prepull']);
    expect(added.filter((name) => !name.includes('drayage'))).toEqual([]);
  });

  test('runs as it did without them', async () => {
    const inputs = `{images: ['127.0.0.1:1/team/app:1'], install_from: /nonexistent}`;
    // The shell executor has no services.
    const pipeline = userPipeline.replaceAll(/ *services: \[.*?\](?:,|\n)/g, '');
    const [without, withThem] = await Promise.all(
      [pipeline, including(inputs) + pipeline].map(async (text) => runPipeline(await projectOf(text))),
    );
    for (const name of ['lint', 'unit', 'integration', 'deploy', 'late']) {
      expect(withThem?.stateOf(name)).toBe('passed');
      expect(withThem?.logOf(name)).toBe(without?.logOf(name));
    }
    expect(withThem?.stateOf('drayage:prepull')).toBe('warned');
    expect(withThem?.logOf('drayage:prepull')).not.toMatch(/from default|default after/);
    expect(withThem?.passed).toBe(true);
  });

  test('can have the pre-pull twice, under other names', async () => {
    const { created, text } = await create(`
include:
  - {local: /prepull.yml, inputs: {images: [redis:7]}}
  - {local: /prepull.yml, inputs: {images: [postgres:17], job_name: 'pull:databases', job_prefix: .databases}}
one: {extends: .drayage:load, script: [echo one]}
two: {extends: .databases:load, script: [echo two]}
`);
    const settings = settingsIn(text);
    expect(created).toBe(true);
    expect(variablesOf(settings['one'])).toMatchObject({ DRAY_PREPULL_JOB: 'drayage:prepull' });
    expect(variablesOf(settings['two'])).toMatchObject({ DRAY_PREPULL_JOB: 'pull:databases' });
    expect(JSON.stringify(settings['pull:databases'])).toContain('postgres:17');
    expect(JSON.stringify(settings['drayage:prepull'])).not.toContain('postgres:17');
  });

  test('keeps the settings of a job that gets the images', async () => {
    const own = {
      image: 'ours:1',
      services: [{ name: 'postgres:17' }],
      after_script: ['echo after'],
      tags: ['big'],
    };
    const job = { ...own, extends: '.drayage:load', variables: { LEVEL: 'own' }, script: ['echo script'] };
    const { text } = await create(including('{images: [redis:7]}') + `job: ${JSON.stringify(job)}\n`);
    const settings = settingsIn(text)['job'];
    expect(settings).toMatchObject({ ...own, image: { name: 'ours:1' }, script: ['echo script'] });
    expect(variablesOf(settings)).toMatchObject({ LEVEL: 'own', DRAY_PREPULL_JOB: 'drayage:prepull' });
  });

  // Patterns are the one check of GitLab's that gitlab-ci-local leaves out, and an unknown input the one that
  // it lets pass; the template's own unit tests have both.
  test.each([
    ['an unknown form', 'form', '{form: tar}'],
    ['an unknown delivery', 'delivery', '{delivery: teleport}'],
    ['an unknown way to go on', 'on_miss', '{on_miss: shrug}'],
    ['a text for a list of images', 'images', '{images: redis:7}'],
    ['a text for a switch', 'strict', `{strict: 'yes'}`],
    ['a list for the time limit', 'timeout', '{timeout: [10m]}'],
    ['a number for the name of the job', 'job_name', '{job_name: 7}'],
  ])('is not created with %s', async (_, input, inputs) => {
    const { created, text } = await create(including(inputs) + userPipeline);
    expect(created).toBe(false);
    expect(text).toContain(input);
  });
});

function settingsIn(text: string): Readonly<Record<string, unknown>> {
  const settings: unknown = parse(text, { logLevel: 'silent' });
  if (isObject(settings)) return settings;
  throw new Error(`cannot read a pipeline:\n${text}`);
}

function variablesOf(job: unknown): unknown {
  return isObject(job) ? job['variables'] : undefined;
}
