import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  startFakeGitlab,
  type FakeGitlab,
  type FakeJob,
  type FakePackageFile,
} from '@drayage/gitlab/testing';

import { isBlobDownload } from './support/access-log.ts';
import { startEngine, type EngineVariant, type TestEngine } from './support/engines.ts';
import {
  startPipeline,
  type PipelineResult,
  type PipelineJob,
  type RunningPipeline,
} from './support/gitlab/pipeline.ts';
import { makeProject, type Project, type ProjectFiles } from './support/gitlab/project.ts';
import { packRelease, type Release } from './support/gitlab/release.ts';
import { busyboxLayer, pushImage, type PushedImage } from './support/images.ts';
import { processesNaming } from './support/process-table.ts';
import { startRegistry, type TestRegistry } from './support/registry.ts';
import { describeWith } from './support/requirements.ts';
import { waitUntil } from './support/wait.ts';

const variant: EngineVariant = { name: '28.5', imageStore: 'classic' };
const needs = { engine: variant, registry: true, programs: ['bash', 'git', 'rsync'] };
const password = 'planted-password';

/** A job of a pipeline, as it is written down. */
type Job = Readonly<Record<string, unknown>>;

/**
 * A deployment that nothing in the pipeline holds back. gitlab-ci-local starts jobs in waves, each when all
 * of the one before have ended, so that one which only needed the tests would start after the pre-pull, too.
 */
const withoutNeeds: Job = { needs: [] };

describeWith(needs, 'the GitLab templates with the shell executor', () => {
  let registry: TestRegistry;
  let locked: TestRegistry;
  let engine: TestEngine;
  let gitlab: FakeGitlab;
  let release: Release;
  let app: PushedImage;
  let secret: PushedImage;
  let project: Project | undefined;
  let pipelineId = 100;

  beforeAll(async () => {
    [registry, locked] = await Promise.all([
      startRegistry(),
      startRegistry({ htpasswd: { user: 'ci', password } }),
    ]);
    [engine, gitlab, release] = await Promise.all([startEngine(variant), startFakeGitlab(), packRelease()]);
    const layers = [busyboxLayer(), [{ path: 'version', content: 'one' }]];
    const config = { Cmd: ['cat', '/version'] };
    app = await pushImage(registry, 'team/app:main', { layers, config });
    secret = await pushImage(locked, 'team/secret:1', { layers, config });
  });

  afterAll(async () => {
    await engine.stop();
    await Promise.all([registry.stop(), locked.stop(), gitlab.close(), release.remove()]);
  });

  beforeEach(async () => {
    pipelineId += 1;
    await engine.docker(['system', 'prune', '--all', '--force']);
  });

  afterEach(async () => {
    await project?.remove();
    project = undefined;
    expect(gitlab.leaks).toEqual([]);
  });

  const include = (inputs: Job = {}): Job => ({
    local: '/prepull.yml',
    inputs: { images: [app.reference], install_from: release.folder, ...inputs },
  });

  /** Looks for an image before anything else, pulls it as if there were no drayage, and runs it. */
  const steps = (image: string): readonly string[] => [
    `docker image inspect --format 'before is {{index .RepoTags 0}}' ${image} || echo before is nothing`,
    `docker pull ${image}`,
    `docker run --rm --network none ${image}`,
  ];

  const pipelineOf = (inputs: Job = {}, deploy: Job = {}, more: Job = {}): string =>
    JSON.stringify({
      include: [include(inputs)],
      stages: ['test', 'deploy'],
      test: { stage: 'test', script: ['echo tested'] },
      deploy: {
        stage: 'deploy',
        extends: '.drayage:load',
        needs: ['test', { job: 'drayage:prepull', optional: true }],
        script: steps(app.reference),
        ...deploy,
      },
      ...more,
    });

  /**
   * Starts a pipeline. GitLab's API reports its real job states, and before that the states from `planned`.
   */
  const start = async (
    pipeline: string,
    options: {
      readonly files?: ProjectFiles;
      readonly dockerConfig?: object;
      readonly variables?: Readonly<Record<string, string>>;
      readonly planned?: () => readonly FakeJob[];
    } = {},
  ): Promise<RunningPipeline> => {
    project = await makeProject({ '.gitlab-ci.yml': pipeline, ...options.files });
    const { planned = () => [], dockerConfig = {} } = options;
    const docker = join(project.home, 'docker');
    mkdirSync(docker);
    writeFileSync(join(docker, 'config.json'), JSON.stringify(dockerConfig));
    const tell = (jobs: readonly PipelineJob[]): void => {
      const begun = new Set(jobs.map(({ name }) => name));
      gitlab.setJobs(pipelineId, [...planned().filter(({ name }) => !begun.has(name)), ...jobs]);
    };
    tell([]);
    return startPipeline(project, {
      variables: {
        ...gitlab.jobEnv(pipelineId),
        DOCKER_HOST: engine.host,
        DOCKER_CONFIG: docker,
        // Where jobs install the command: that of the first one is found by all others.
        XDG_CACHE_HOME: join(release.folder, 'cache'),
        ...options.variables,
      },
      onJobs: tell,
    });
  };

  const run = async (...args: Parameters<typeof start>): Promise<PipelineResult> => {
    const { finished } = await start(...args);
    return finished;
  };

  /** The number of blobs that the engine downloads, without downloads of the pre-pull. */
  const pulledByEngine = async (action: () => Promise<unknown>, from = registry): Promise<number> => {
    const requests = await from.requestsDuring(action);
    return requests.filter((request) => isBlobDownload(request) && request.userAgent.startsWith('docker/'))
      .length;
  };

  const expectLoaded = (result: PipelineResult, image = app.reference): void => {
    expect(result.text).not.toContain(gitlab.jobToken);
    expect(result.logOf('deploy')).toContain(`before is ${image}`);
    expect(result.logOf('deploy')).toContain('Image is up to date');
    expect(result.stateOf('deploy')).toBe('passed');
    expect(result.passed).toBe(true);
  };

  const expectPulled = (result: PipelineResult): void => {
    expect(result.text).not.toContain(gitlab.jobToken);
    expect(result.logOf('deploy')).toContain('before is nothing');
    expect(result.logOf('deploy')).toContain('Downloaded newer image');
    expect(result.stateOf('deploy')).toBe('passed');
    expect(result.passed).toBe(true);
  };

  test('have the images in the engine before the first step of the job, and a pull moves no layer', async () => {
    const pulls = await pulledByEngine(async () => {
      const result = await run(pipelineOf());
      expect(result.stateOf('drayage:prepull')).toBe('passed');
      expectLoaded(result);
    });
    expect(pulls).toBe(0);
  });

  test('let the job pull for itself when the credentials of the pre-pull are wrong', async () => {
    const login = `printf %s "$REGISTRY_PASSWORD" | docker login --username ci --password-stdin ${locked.host}`;
    const auth = Buffer.from('ci:wrong').toString('base64');
    const pulls = await pulledByEngine(async () => {
      const result = await run(
        pipelineOf({ images: [secret.reference] }, { script: [login, ...steps(secret.reference)] }),
        { dockerConfig: { auths: { [locked.host]: { auth } } }, variables: { REGISTRY_PASSWORD: password } },
      );
      expect(result.stateOf('drayage:prepull')).toBe('warned');
      expect(result.logOf('drayage:prepull')).toContain(locked.host);
      expectPulled(result);
    }, locked);
    expect(pulls).toBe(secret.layers.length + 1);
  });

  test('log in to a private registry by preparation commands, and print no password', async () => {
    const prepare = [
      `printf %s "$REGISTRY_PASSWORD" | docker login --username ci --password-stdin ${locked.host}`,
    ];
    const pulls = await pulledByEngine(async () => {
      const result = await run(
        pipelineOf({ images: [secret.reference], prepare }, { script: steps(secret.reference) }),
        { variables: { REGISTRY_PASSWORD: password } },
      );
      expectLoaded(result, secret.reference);
      expect(result.text).not.toContain(password);
    }, locked);
    expect(pulls).toBe(0);
  });

  describe('while the pre-pull is at work', () => {
    let gate: string;
    const slow = (): Job => ({ prepare: [`until [ -e ${gate} ]; do sleep 0.1; done`] });

    beforeEach(() => {
      gate = join(release.folder, `gate-${String(pipelineId)}`);
    });

    test('hold back a job that needs it, and give it the images', async () => {
      const pipeline = await start(pipelineOf(slow()));
      await pipeline.waitFor('test', /tested/);
      await waitUntil(() => prepullProcesses().length > 0, 'the pre-pull runs');
      writeFileSync(gate, '');
      expectLoaded(await pipeline.finished);
    });

    test('let a job without needs wait by itself, and give it the images', async () => {
      const pipeline = await start(pipelineOf(slow(), withoutNeeds));
      await pipeline.waitFor('deploy', /wait/);
      writeFileSync(gate, '');
      expectLoaded(await pipeline.finished);
    });

    test.each([
      ['needs it', {}],
      ['waits by itself', withoutNeeds],
    ])('let a job that %s go on when it is killed', async (_, deploy) => {
      const pipeline = await start(pipelineOf(slow(), deploy));
      await pipeline.waitFor('test', /tested/);
      if ('needs' in deploy) await pipeline.waitFor('deploy', /wait/);
      await waitUntil(() => prepullProcesses().length > 0, 'the pre-pull runs');
      await waitUntil(() => gitlab.files().some(isStatusOf(pipelineId)), 'the pre-pull says that it runs');
      // What an out-of-memory killer, or a spot instance that goes, does to the command.
      for (const pid of prepullProcesses()) process.kill(pid, 'SIGKILL');
      const result = await pipeline.finished;
      // It did not have to wait for the end of the lease.
      expect(result.logOf('deploy')).not.toContain('expired: ');
      expect(result.stateOf('drayage:prepull')).toBe('warned');
      expectPulled(result);
    });
  });

  const prepullProcesses = (): readonly number[] =>
    processesNaming(release.folder)
      .filter(({ commandLine }) => /\/dray(?:\.js)? prepull/.test(commandLine))
      .map(({ pid }) => pid);

  test.each([
    ['needs it', {}],
    ['waits by itself', withoutNeeds],
  ])('do not let a job that %s wait for a pre-pull that rules have left out', async (_, deploy) => {
    const result = await run(
      pipelineOf({ grace: '1h' }, deploy, {
        'drayage:prepull': { rules: [{ if: '$CI_COMMIT_BRANCH == "none"' }] },
      }),
    );
    expect(result.stateOf('drayage:prepull')).toBe('not run');
    expectPulled(result);
  });

  test('notice by the API that GitLab has given up on a pre-pull which no runner took', async () => {
    // gitlab-ci-local has no runners that are missing: the job is left out here, and pending is what the API
    // says of it.
    const prepull = { name: 'drayage:prepull', status: 'pending' };
    const left = { 'drayage:prepull': { rules: [{ when: 'never' }] } };
    const pipeline = await start(pipelineOf({ grace: '1s' }, withoutNeeds, left), {
      planned: () => [prepull],
    });
    await pipeline.waitFor('deploy', /waiting/);
    const asked = (): number => gitlab.requests.filter(({ path }) => path.endsWith('/jobs')).length;
    const before = asked();
    await waitUntil(() => asked() > before, 'the job has asked again');
    prepull.status = 'failed';
    gitlab.setJobs(pipelineId, [prepull]);
    const result = await pipeline.finished;
    expectPulled(result);
  });

  describe('when the bundle is damaged on its way', () => {
    /**
     * Lets a pipeline run until the bundle is handed over, does something to it, and lets the deployment
     * begin.
     */
    const damaged = async (name: string, damage: () => void): Promise<PipelineResult> => {
      const gate = join(release.folder, `gate-${name}`);
      const pipeline = await start(
        pipelineOf(
          { handover: `gitlab://packages/${name}` },
          {},
          {
            test: {
              stage: 'test',
              needs: ['drayage:prepull'],
              script: ['echo testing', `until [ -e ${gate} ]; do sleep 0.1; done`],
            },
          },
        ),
      );
      await pipeline.waitFor('test', /testing/);
      damage();
      writeFileSync(gate, '');
      return pipeline.finished;
    };

    test('run the job, which pulls what was lost', async () => {
      const result = await damaged('lost', () => {
        gitlab.fail({ method: 'GET', path: /\/generic\/lost\/.*[0-9a-f]{64}/, status: 404, times: 1000 });
      });
      expectPulled(result);
    });

    test('run the job, which pulls what was corrupted', async () => {
      const result = await damaged('corrupt', () => {
        for (const file of gitlab.files().filter(({ packageName }) => packageName === 'corrupt'))
          spoil(file.path);
      });
      expectPulled(result);
    });
  });

  test('take the images of a configuration file, with a tag that exists only as fallback', async () => {
    const config = {
      images: [
        { image: `${registry.host}/team/app`, tags: ['${CI_COMMIT_REF_SLUG}', 'main'] },
        { image: `${registry.host}/team/none:1`, optional: true },
      ],
    };
    const result = await run(pipelineOf({ images: [] }), {
      files: { '.dray.yml': JSON.stringify(config) },
      variables: { CI_COMMIT_REF_SLUG: 'feature-login' },
    });
    expectLoaded(result);
  });

  test('hand over by artifacts on request', async () => {
    const before = gitlab.files().length;
    const result = await run(pipelineOf({ artifacts: true }));
    expectLoaded(result);
    expect(gitlab.files()).toHaveLength(before);
  });

  test('work as a component of the project itself, and for a machine that lives on', async () => {
    const component = '$CI_SERVER_FQDN/$CI_PROJECT_PATH/prepull@$CI_COMMIT_SHA';
    const { inputs } = include();
    const deploy = { extends: '.drayage:load:shell' };
    const result = await run(pipelineOf({}, deploy, { include: [{ component, inputs }] }));
    expectLoaded(result);
    expect(result.text).not.toMatch(/after_script$/m);
  });

  test('keep the before_script of a user beside that of the templates', async () => {
    const result = await run(`
include: [${JSON.stringify(include())}]
default:
  before_script: [echo of the user]
build:
  stage: test
  script: [echo built]
deploy:
  stage: deploy
  extends: .drayage:load
  before_script:
    - echo first
    - !reference [.drayage:load, before_script]
    - echo "last, with options $-"
  script: ${JSON.stringify(steps(app.reference))}
`);
    expectLoaded(result);
    const log = result.logOf('deploy');
    expect(log.indexOf('first')).toBeLessThan(log.indexOf('last'));
    expect(log).toMatch(/last, with options \w*e/);
    expect(result.logOf('build')).toContain('of the user');
    expect(result.logOf('drayage:prepull')).not.toContain('of the user');
  });

  test('say which variable holds no images or no time limit, and let the job go on', async () => {
    // GitLab itself would refuse the time limit by its pattern.
    const result = await run(pipelineOf({ images: [], timeout: 'soon' }));
    expect(result.stateOf('drayage:prepull')).toBe('warned');
    expect(result.logOf('drayage:prepull')).toContain('DRAY_IMAGES');
    expect(result.logOf('deploy')).toContain('DRAY_TIMEOUT');
    expectPulled(result);
  });

  test('say in one line that the command could not be installed, and let the job go on', async () => {
    const result = await run(pipelineOf({ install_from: '/nonexistent' }), {
      variables: { XDG_CACHE_HOME: '/nonexistent' },
    });
    expect(result.stateOf('drayage:prepull')).toBe('warned');
    expect(result.logOf('deploy')).toContain('/nonexistent');
    expectPulled(result);
  });
});

function isStatusOf(pipelineId: number): (file: FakePackageFile) => boolean {
  return ({ packageVersion, name }) => packageVersion.includes(String(pipelineId)) && name.includes('status');
}

function spoil(file: string): void {
  const bytes = readFileSync(file);
  for (let at = 0; at < bytes.length; at += 64) bytes[at] = (bytes[at] ?? 0) ^ 0xff;
  writeFileSync(file, bytes);
}
