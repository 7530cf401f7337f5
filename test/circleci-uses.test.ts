import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { ExpansionError } from '@drayage/circleci/testing';

import { isBlobDownload } from './support/access-log.ts';
import { startOrbProject, unknownUser, type OrbProject } from './support/circleci/orb-project.ts';
import { describeJob, stepOf, type JobRecord } from './support/circleci/records.ts';
import { engineVariants } from './support/engines.ts';
import { busyboxLayer, pushImage } from './support/images.ts';
import { startRegistry, type TestRegistry } from './support/registry.ts';
import { describeWith } from './support/requirements.ts';

/** As in jest.config.js: for a machine that is busy with something else. */
const limit = 300_000;
const variant = engineVariants.at(-2) ?? { name: 'path', imageStore: 'classic' };
const programs = ['unshare', 'nsenter', 'tar', 'bash', 'npm'];
const machine = 'machine: { image: ubuntu-2404:current }';
const docker = 'docker: [{ image: cimg/node:22.14 }]';

/** The bundle comes from the pre-pull job of the workflow. */
const afterPrepull = 'requires: [prepull: terminal]';

describeWith({ engine: variant, registry: true, programs }, 'the orb', () => {
  let project: OrbProject;
  let install: string;
  let app: string;
  let other: string;

  beforeAll(async () => {
    project = await startOrbProject(variant);
    ({ install } = project);
    app = await push(project.registry, 'team/app:1', 'one');
    other = await push(project.registry, 'team/other:1', 'two');
  }, limit);

  afterEach(() => project.reset(), limit);

  afterAll(() => project.stop(), limit);

  async function push(registry: TestRegistry, name: string, version: string): Promise<string> {
    const layers = [busyboxLayer(), [{ path: 'version', content: `${version}\n` }]];
    return (await pushImage(registry, name, { layers, config: { Cmd: ['cat', '/version'] } })).reference;
  }

  /** A step of a user that fails unless the image is in the engine. */
  const runImage = (image: string): string =>
    `run: { name: use, command: "docker run --pull never --rm --network none ${image}" }`;

  function outputOf(job: JobRecord, step = 'use', node = 0): string {
    expect([job.status, job.status === 'success' ? '' : describeJob(job)]).toEqual(['success', '']);
    return stepOf(job, step, node).output;
  }

  test(
    'logs in to a private registry by preparation steps, in either way, and the deployment needs no login',
    async () => {
      const credentials = { user: 'robot', password: 'planted-password' };
      const registry = await startRegistry({ htpasswd: credentials });
      const secret = await push(registry, 'team/secret:1', 'secret');
      const login = [
        'mkdir -p ~/.docker',
        `printf '{"auths":{"%s":{"auth":"%s"}}}' ${registry.host} "$REGISTRY_AUTH" > ~/.docker/config.json`,
      ].join(' && ');
      const auth = Buffer.from(`${credentials.user}:${credentials.password}`).toString('base64');
      const prepare = [
        `prepare: [run: { command: ${JSON.stringify(login)} }]`,
        `prepare_commands: ${JSON.stringify(login)}`,
      ];
      for (const way of prepare) {
        const run = project.run(
          `
jobs: { deploy: { ${machine}, steps: [drayage/load: { ${install} }, ${runImage(secret)}] } }
workflows:
  all:
    jobs:
      - drayage/prepull: { name: prepull, context: registry, images: "${secret}", ${install}, ${way}, report: true }
      - deploy: { ${afterPrepull} }`,
          { contexts: { registry: { REGISTRY_AUTH: auth } } },
        );
        await run.finished;
        expect(outputOf(run.job('deploy'))).toContain('secret');
        const everything =
          describeJob(run.job('prepull')) + [...(run.job('prepull').nodes[0]?.artifacts ?? [])].join();
        expect(everything).not.toContain(auth);
        expect(everything).not.toContain(credentials.password);
        await project.reset();
      }
      await registry.stop();
    },
    limit,
  );

  test(
    'takes the image of the branch where there is one, and skips an optional one that is not there',
    async () => {
      const repository = `${project.registry.host}/team/base`;
      await push(project.registry, 'team/base:main', 'of main');
      await push(project.registry, 'team/base:feature-x', 'of feature-x');
      const source = {
        '.dray.yml': `images:\n  - image: ${repository}\n    tags: ['\${CIRCLE_BRANCH|slug}', main]\n`,
      };
      const printed: string[] = [];
      for (const branch of ['feature/x', 'feature/none']) {
        const run = project.run(
          `
jobs:
  deploy:
    ${machine}
    steps:
      - drayage/load: { ${install} }
      - run: { name: use, command: "for tag in feature-x main; do docker run --pull never --rm --network none ${repository}:$tag || true; done" }
workflows:
  all:
    jobs:
      - drayage/prepull: { name: prepull, optional: "${repository}:\${CIRCLE_BRANCH|slug} ${repository}:never", ${install} }
      - deploy: { ${afterPrepull} }`,
          { source, trigger: { branch } },
        );
        await run.finished;
        expect(stepOf(run.job('prepull'), 'Pre-pull').output).toContain('never');
        printed.push(/^of .*$/m.exec(outputOf(run.job('deploy')))?.[0] ?? 'none');
        await project.reset();
      }
      expect(printed).toEqual(['of feature-x', 'of main']);
    },
    limit,
  );

  test(
    'pre-pulls in the background of the job itself, where only the load step waits',
    async () => {
      const run = project.run(`
jobs:
  all:
    ${machine}
    steps:
      - drayage/prepull: { background: true, images: "${app}", ${install} }
      - run: echo testing
      - drayage/load: { attach: false, install: false }
      - ${runImage(app)}
workflows: { all: { jobs: [all] } }`);
      await run.finished;
      expect(outputOf(run.job('all'))).toContain('one');
    },
    limit,
  );

  test(
    'hands a built image to a later job without a registry between them',
    async () => {
      const dockerfile = `FROM ${app}\nRUN ["/bin/sh", "-c", "echo built > /version"]\n`;
      const build = `docker pull ${app} && docker build --network none --tag built:ci .`;
      const run = project.run(
        `
jobs: { deploy: { ${machine}, steps: [drayage/load: { key: built, ${install} }, ${runImage('built:ci')}] } }
workflows:
  all:
    jobs:
      - drayage/prepull:
          name: build
          key: built
          executor: drayage/machine
          source: engine
          images: built:ci
          fail_workflow: true
          prepare: [run: { command: "${build}" }]
          ${install.replace(', ', '\n          ')}
      - deploy: { requires: [build] }`,
        {
          source: { Dockerfile: dockerfile },
          afterJob: async ({ name }) => {
            if (name === 'build') await project.engine.docker(['image', 'rm', '--force', 'built:ci', app]);
          },
        },
      );
      const requests = await project.registry.requestsDuring(() => run.finished);
      expect(requests.filter(({ path }) => path.includes('built'))).toEqual([]);
      expect(outputOf(run.job('deploy'))).toContain('built');
    },
    limit,
  );

  test(
    'serves the parallel nodes of a deployment, and several pre-pulls of different keys',
    async () => {
      const run = project.run(`
jobs:
  deploy:
    ${machine}
    parallelism: 2
    steps:
      - drayage/load: { key: first, ${install} }
      - drayage/load: { key: second, install: false }
      - ${runImage(`${app} && docker run --pull never --rm --network none ${other}`)}
workflows:
  all:
    jobs:
      - drayage/prepull: { name: first, key: first, images: "${app}", ${install} }
      - drayage/prepull: { name: second, key: second, images: "${other}", ${install} }
      - deploy: { requires: [first: terminal, second: terminal] }`);
      await run.finished;
      for (const node of [0, 1]) expect(outputOf(run.job('deploy'), 'use', node)).toMatch(/one\ntwo/);
    },
    limit,
  );

  test(
    'works with remote docker for an unprivileged user',
    async () => {
      const run = project.run(
        `
jobs:
  deploy:
    ${docker}
    steps: [setup_remote_docker, drayage/load: { ${install} }, ${runImage(app)}]
workflows:
  all:
    jobs:
      - drayage/prepull: { name: prepull, images: "${app}", ${install} }
      - deploy: { ${afterPrepull} }`,
        { container: { user: unknownUser } },
      );
      const requests = await project.registry.requestsDuring(() => run.finished);
      expect(outputOf(run.job('deploy'))).toContain('one');
      expect(requests.filter(isBlobDownload).some(({ userAgent }) => userAgent.startsWith('docker'))).toBe(
        false,
      );
    },
    limit,
  );

  test(
    'leaves the rest of a pipeline as it is: commands of the same names, variables, BASH_ENV, shell options, another workspace',
    async () => {
      const own = `
      - run: { name: before, command: 'echo "export OWN=\\$((1+1))" >> "$BASH_ENV"' }`;
      const look = `
      - run: { name: look, command: 'pwd; echo "$OWN $GIVEN $DRAY_IMAGES $ORB_ROOT|$-|$(umask)"; env | cut -d= -f1 | sort; ls -A; cat ~/kept/made' }
      - load`;
      const run = project.run(`
commands:
  load: { steps: [run: { name: own load, command: echo loaded by the user }] }
  install: { steps: [run: exit 1] }
jobs:
  make:
    ${docker}
    steps: [run: mkdir -p out && echo made > out/made, persist_to_workspace: { root: out, paths: [made] }]
  without: { ${machine}, environment: { GIVEN: given }, steps: [attach_workspace: { at: ~/kept }, ${own.trim().slice(2)}, ${look.trim().slice(2).replace('\n      - ', ', ')}] }
  with:
    ${machine}
    environment: { GIVEN: given }
    steps:
      - attach_workspace: { at: ~/kept }${own}
      - drayage/load: { ${install} }${look}
workflows:
  all:
    jobs:
      - make
      - drayage/prepull: { name: prepull, images: "${app}", ${install} }
      - without: { requires: [make, prepull] }
      - with: { requires: [make, prepull: terminal] }`);
      await run.finished;
      const plain = outputOf(run.job('without'), 'look');
      expect(plain).toContain('2 given');
      expect(outputOf(run.job('with'), 'look')).toBe(plain);
      expect(outputOf(run.job('with'), 'own load')).toContain('loaded by the user');
    },
    limit,
  );

  describe('refuses, when the pipeline is created,', () => {
    const mistakes: readonly (readonly [string, string, string, string])[] = [
      ['a form that there is not', 'images: a, form: zip', 'NOT_IN_ENUM', 'drayage/prepull.form'],
      ['an invalid number', 'images: a, concurrency: many', 'WRONG_TYPE', 'drayage/prepull.concurrency'],
      ['a list for images', 'images: [a, b]', 'WRONG_TYPE', 'drayage/prepull.images'],
      ['an unknown parameter', 'image: a', 'UNKNOWN_ARGUMENT', 'drayage/prepull.image'],
      ['text for steps', 'images: a, prepare: docker login', 'WRONG_TYPE', 'drayage/prepull.prepare'],
      [
        'an executor that there is not',
        'images: a, executor: big',
        'UNDEFINED_EXECUTOR',
        'drayage/prepull.executor',
      ],
    ];

    test.each(mistakes)('%s', (_, args, problem, place) => {
      const start = (): unknown =>
        project.run(`workflows: { all: { jobs: [drayage/prepull: { ${args} }] } }`);
      expect(start).toThrow(ExpansionError);
      expect(start).toThrow(expect.objectContaining({ problem, place: expect.stringContaining(place) }));
    });
  });

  test(
    'names the parameter, in the job, of what only the command can see is wrong',
    async () => {
      const run = project.run(`
jobs:
  deploy:
    ${machine}
    steps: [drayage/load: { ${install}, key: empty, timeout: soon }]
workflows:
  all:
    jobs:
      - drayage/prepull: { name: empty, key: empty, ${install} }
      - drayage/prepull: { name: upper, key: upper, images: Not/A:Reference:At:All, ${install} }
      - deploy: { requires: [empty: terminal, upper: terminal] }`);
      await run.finished;
      expect(stepOf(run.job('empty'), 'Pre-pull').output).toContain('images');
      expect(stepOf(run.job('upper'), 'Pre-pull').output).toContain('Not/A:Reference:At:All');
      expect(stepOf(run.job('deploy'), 'Load').output).toContain('DRAY_TIMEOUT');
      expect(run.job('deploy').status).toBe('failed');
      expect(run.job('empty').status).toBe('success');
    },
    limit,
  );
});
