import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { startFaultyRegistry, type FaultyRegistry } from '@drayage/registry/testing';

import { isBlobDownload } from './support/access-log.ts';
import { damageLayers, flipBlobs, loseBlobs, loseBundle } from './support/circleci/damage.ts';
import {
  startOrbProject,
  unknownUser,
  type OrbProject,
  type RunOptions,
} from './support/circleci/orb-project.ts';
import { describeJob, stepOf } from './support/circleci/records.ts';
import type { WorkflowRun } from './support/circleci/workflow-run.ts';
import { engineVariants } from './support/engines.ts';
import { serveImage } from './support/faulty-images.ts';
import { busyboxLayer, layerOf, pushImage } from './support/images.ts';
import { listProcesses, withDescendants } from './support/process-table.ts';
import { startRegistry, type TestRegistry } from './support/registry.ts';
import { describeWith } from './support/requirements.ts';
import { waitUntil } from './support/wait.ts';

/** As in jest.config.js: for a machine that is busy with something else. */
const limit = 300_000;
const variant = engineVariants.at(-2) ?? { name: 'path', imageStore: 'classic' };
const programs = ['unshare', 'nsenter', 'tar', 'bash', 'npm'];
const config = { Cmd: ['cat', '/version'] };
const gated = [{ path: 'gated', content: 'gated' }];
const layers = [busyboxLayer(), [{ path: 'version', content: 'one' }]];

describeWith({ engine: variant, registry: true, programs }, 'a pre-pull job of the orb', () => {
  let project: OrbProject;
  let app: string;

  beforeAll(async () => {
    project = await startOrbProject(variant);
    app = (await pushImage(project.registry, 'team/app:1', { layers, config })).reference;
  }, limit);

  afterEach(() => project.reset(), limit);

  afterAll(() => project.stop(), limit);

  /** What the deployment uses, and how it and the pre-pull are called. */
  interface Shape {
    readonly image?: string;
    /** Default: the image of the deployment. */
    readonly images?: string;
    readonly prepull?: string;
    readonly load?: string;
    /** Besides the tests. */
    readonly requires?: string;
    readonly filters?: string;
    readonly prepare?: string;
    /** Steps of the deployment before the orb's steps. */
    readonly preSteps?: string;
    /** Whether the tests persist something too; an empty workspace cannot be attached. */
    readonly isWorkspaceUsed?: boolean;
  }

  /**
   * Tests, a pre-pull in parallel, and a deployment. The first step of the deployment uses an image as if
   * nothing had been pre-pulled.
   */
  function pipeline(shape: Shape): string {
    const { install } = project;
    const { image = app, prepull = '', load = '', requires = 'prepull: terminal', filters = '{}' } = shape;
    const { prepare = '[]', images = image, isWorkspaceUsed = false, preSteps = '[]' } = shape;
    const persist = isWorkspaceUsed ? ['persist_to_workspace: { root: ., paths: [tested] }'] : [];
    return `
jobs:
  test:
    docker: [{ image: cimg/node:22.14 }]
    steps: [${['run: echo tested > tested', ...persist].join(', ')}]
  deploy:
    machine: { image: ubuntu-2404:current }
    steps:
      - drayage/load: { ${[install, load].join(', ')} }
      - run:
          name: deploy
          command: |
            docker image inspect ${image} >/dev/null 2>&1 && echo there || echo missing
            docker pull ${image}
            docker run --rm --network none ${image}
workflows:
  all:
    jobs:
      - test
      - drayage/prepull:
          { ${[`name: prepull, images: "${images}"`, `filters: ${filters}`, `prepare: ${prepare}`, install, prepull].join(', ')} }
      - deploy: { requires: [test, ${requires}], pre-steps: ${preSteps} }`;
  }

  const run = (shape: Shape = {}, options: RunOptions = {}): WorkflowRun =>
    project.run(pipeline(shape), options);

  /** What the deployment did, and how everything ended. */
  async function outcome(workflow: WorkflowRun): Promise<string> {
    const { status } = await workflow.finished;
    const deploy = workflow.job('deploy');
    const step = deploy.nodes[0]?.steps.find(({ name }) => name === 'deploy');
    const [first = ''] = step?.output.split('\n') ?? [];
    const last = step?.output.endsWith('one') === true ? 'deployed' : `not deployed:\n${describeJob(deploy)}`;
    return [`workflow ${status}`, first, last].join(', ');
  }

  const normally = 'workflow success, missing, deployed';
  const quickly = 'workflow success, there, deployed';

  test(
    'has the images in the engine before the first step of the deployment, and a pull moves no layer',
    async () => {
      const workflow = run({}, { container: { user: unknownUser } });
      const requests = await project.registry.requestsDuring(() => workflow.finished);
      expect(await outcome(workflow)).toBe(quickly);
      expect(stepOf(workflow.job('deploy'), 'deploy').output).toContain('Image is up to date');
      const downloads = requests.filter(isBlobDownload);
      expect(downloads.length).toBeGreaterThan(0);
      expect(downloads.filter(({ userAgent }) => userAgent.startsWith('docker'))).toEqual([]);
    },
    limit,
  );

  test(
    'carries the images by the cache instead',
    async () => {
      const shape = { prepull: 'carrier: cache', load: 'carrier: cache' };
      expect(await outcome(run(shape))).toBe(quickly);
    },
    limit,
  );

  describe('that fails', () => {
    const images = '127.0.0.1:1/nothing:1';

    test(
      'for want of credentials leaves the workflow green and the deployment as it would be without it',
      async () => {
        const registry = await startRegistry({ htpasswd: { user: 'robot', password: 'right-password' } });
        const image = (await pushImage(registry, 'team/secret:1', { layers, config })).reference;
        const workflow = run({
          image,
          prepull: 'report: true',
          prepare: `[${logIn(registry, 'wrong-password')}]`,
          preSteps: `[${logIn(registry, 'right-password')}]`,
        });
        expect(await outcome(workflow)).toBe(normally);
        expect(stepOf(workflow.job('deploy'), 'Load').output).toContain(image);
        const artifacts = workflow.job('prepull').nodes[0]?.artifacts ?? new Map<string, string>();
        const [, report = ''] = [...artifacts].find(([name]) => name.endsWith('prepull-0.json')) ?? [];
        expect(report).toContain('REGISTRY_UNAUTHORIZED');
        expect(describeJob(workflow.job('prepull')) + report).not.toContain('wrong-password');
        await registry.stop();
      },
      limit,
    );

    test(
      'fails the workflow where that is wanted, and the deployment knows all the same',
      async () => {
        const workflow = run({ images, prepull: 'fail_workflow: true' });
        expect(await outcome(workflow)).toBe('workflow failed, missing, deployed');
        expect(workflow.job('prepull').status).toBe('failed');
        expect(workflow.job('deploy').status).toBe('success');
      },
      limit,
    );

    test(
      'fails a deployment that is strict',
      async () => {
        const workflow = run({ images, load: 'strict: true' });
        expect(await outcome(workflow)).toContain('workflow failed, , not deployed');
        expect(stepOf(workflow.job('deploy'), 'Load').status).toBe('failed');
      },
      limit,
    );

    test(
      'because a step of its user fails is no reason for the deployment not to run',
      async () => {
        const workflow = run({ prepare: '[run: exit 1]' });
        expect(await outcome(workflow)).toBe('workflow failed, missing, deployed');
        expect(workflow.job('deploy').status).toBe('success');
      },
      limit,
    );

    test(
      'because the command cannot be installed leaves all as it would be without it',
      async () => {
        const broken = pipeline({}).replaceAll(/install_from: [^,]*/g, 'install_from: /nonexistent');
        const workflow = project.run(broken);
        expect(await outcome(workflow)).toBe(normally);
        expect(stepOf(workflow.job('deploy'), 'Install').output).toContain('/nonexistent');
      },
      limit,
    );
  });

  describe('with a bundle that is', () => {
    test.each([
      ['corrupt', flipBlobs],
      ['half lost', loseBlobs],
      ['lost', loseBundle],
    ] as const)(
      '%s on the way does not hold up the deployment',
      async (_, damage) => {
        const workflow = run(
          {},
          {
            afterJob: ({ name }, workspace) =>
              name === 'prepull' ? damageLayers(workspace, name, damage) : undefined,
          },
        );
        expect(await outcome(workflow)).toBe(normally);
      },
      limit,
    );
  });

  describe('that does not run', () => {
    const trigger = { branch: 'topic' };

    test.each(['workspace', 'cache'])(
      'because of a filter lets the deployment begin after the tests, with the %s',
      async (carrier) => {
        const shape = {
          ...{ prepull: `carrier: ${carrier}`, load: `carrier: ${carrier}` },
          ...{ filters: '{ branches: { only: main } }', isWorkspaceUsed: carrier === 'workspace' },
        };
        const workflow = run(shape, { trigger });
        expect(await outcome(workflow)).toBe(normally);
        expect((await workflow.finished).order).toEqual(['test', 'deploy']);
        expect(stepOf(workflow.job('deploy'), 'Load').output).toContain('no job with the key prepull');
      },
      limit,
    );

    test(
      'because of its own list of branches says so',
      async () => {
        const workflow = run({ prepull: 'only_branches: main' }, { trigger });
        expect(await outcome(workflow)).toBe(normally);
        expect(stepOf(workflow.job('prepull'), 'Pre-pull').output).toContain('topic');
      },
      limit,
    );
  });

  describe('that is slower than the tests', () => {
    let faulty: FaultyRegistry;
    let slow: string;
    let open: () => void;

    beforeEach(async () => {
      faulty = await startFaultyRegistry();
      const image = await serveImage(faulty, 'team/slow:1', { layers: [...layers, gated], config });
      slow = image.reference;
      const gate = new Promise<void>((resolve) => (open = resolve));
      const path = new RegExp(layerOf(image, 2).digest);
      faulty.inject({ kind: 'blob', path, effect: { kind: 'gate', afterBytes: 1, gate } });
    });

    afterEach(async () => {
      open();
      await project.reset();
      await faulty.close();
    }, limit);

    const both = (): string => `${app} ${slow}`;

    /** Waits until the pre-pull is stuck and everything else that can run has ended. */
    async function stuck(workflow: WorkflowRun, pattern: RegExp = /app:1 +ready/): Promise<void> {
      await workflow.reaches('prepull', 'Pre-pull images');
      const step = stepOf(workflow.job('prepull'), 'Pre-pull images');
      await waitUntil(() => pattern.test(step.output), 'the pre-pull is stuck');
      await waitUntil(() => workflow.job('test').status === 'success', 'the tests have ended');
      expect(workflow.job('deploy').status).toBe('blocked');
    }

    test(
      'is waited for, and the deployment gets its images',
      async () => {
        const workflow = run({ image: slow });
        await stuck(workflow, /slow:1 +layer/);
        open();
        expect(await outcome(workflow)).toBe(quickly);
      },
      limit,
    );

    test.each(['workspace', 'cache'])(
      'lets the deployment begin when it is canceled, with the %s',
      async (carrier) => {
        const shape = { prepull: `carrier: ${carrier}`, load: `carrier: ${carrier}` };
        const workflow = run(
          { ...shape, images: both(), requires: 'prepull: [success, failed, canceled]' },
          { areFailedLayersKept: carrier === 'workspace' },
        );
        await stuck(workflow);
        await workflow.cancel('prepull');
        expect(await outcome(workflow)).toBe('workflow canceled, missing, deployed');
        expect(workflow.job('deploy').status).toBe('success');
      },
      limit,
    );

    test(
      'lets the deployment begin when it is killed, and has what was complete',
      async () => {
        const workflow = run({ images: both() });
        await stuck(workflow);
        for (const pid of prepullProcesses()) process.kill(pid, 'SIGKILL');
        expect(await outcome(workflow)).toBe(quickly);
        expect(stepOf(workflow.job('prepull'), 'Pre-pull').output).toContain('137');
      },
      limit,
    );

    test(
      'is given up at its time limit',
      async () => {
        const workflow = run({ images: both(), prepull: 'time_limit: 3s' });
        await stuck(workflow);
        expect(await outcome(workflow)).toBe(quickly);
      },
      limit,
    );
  });
});

/** The commands that pre-pull in jobs of this process. */
function prepullProcesses(): readonly number[] {
  const all = listProcesses();
  const own = withDescendants(
    all,
    all.filter(({ parentPid }) => parentPid === process.pid),
  );
  return own
    .filter(({ commandLine }) => /^\S*node \S+dray\S* prepull/.test(commandLine))
    .map(({ pid }) => pid);
}

/** A step that leaves credentials where Docker would look for them. */
function logIn({ host }: TestRegistry, password: string): string {
  const auth = Buffer.from(`robot:${password}`).toString('base64');
  const file = JSON.stringify({ auths: { [host]: { auth } } });
  const command = `mkdir -p ~/.docker && echo '${file}' > ~/.docker/config.json`;
  return `{ run: { name: log in, command: ${JSON.stringify(command)} } }`;
}
