import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';

import { isBlobDownload } from './support/access-log.ts';
import { makeBridge, type TestBridge } from './support/bridge.ts';
import { startOrbProject, type OrbProject, type RunOptions } from './support/circleci/orb-project.ts';
import { describeJob, stepOf } from './support/circleci/records.ts';
import type { WorkflowRun } from './support/circleci/workflow-run.ts';
import { engineVariants } from './support/engines.ts';
import { busyboxLayer, pushImage } from './support/images.ts';
import { describeWith } from './support/requirements.ts';

/** As in jest.config.js: for a machine that is busy with something else. */
const limit = 300_000;
const variant = engineVariants.at(-1) ?? { name: 'path', imageStore: 'classic' };
const programs = ['unshare', 'nsenter', 'tar', 'bash', 'npm', 'mksquashfs', 'unsquashfs', 'mount', 'flock'];
const machine = 'machine: { image: ubuntu-2404:current }';
const docker = 'docker: [{ image: acme/privileged }]';

describeWith({ engine: variant, registry: true, programs }, 'the orb with packs', () => {
  let project: OrbProject;
  let bridge: TestBridge;
  let app: string;

  beforeAll(async () => {
    project = await startOrbProject(variant);
    bridge = await makeBridge();
    const layers = [busyboxLayer(), [{ path: 'version', content: 'one' }]];
    app = (await pushImage(project.registry, 'team/app:1', { layers, config: { Cmd: ['cat', '/version'] } }))
      .reference;
  }, limit);

  afterEach(() => project.reset(), limit);

  afterAll(async () => {
    await project.stop();
    await bridge.remove();
  }, limit);

  /** Options of a private engine, with a data-root that the job can write to. */
  const engineArgs = (): string => `data_root: /tmp/engine, bridge: ${bridge.name}`;

  /** Runs a deployment that gets the image as a pack by this step. */
  async function deploy(executor: string, step: string, options: RunOptions = {}): Promise<WorkflowRun> {
    const run = project.run(
      `
jobs:
  deploy:
    ${executor}
    steps:
      - ${step}
      - run: { name: use, command: "docker run --pull never --rm --network none ${app}" }
      - run: { name: look, command: 'echo "$DOCKER_HOST"' }
      - drayage/report: { }
workflows:
  all:
    jobs:
      - drayage/prepull: { name: prepull, images: "${app}", form: packs, ${project.install} }
      - deploy: { requires: [prepull: terminal] }`,
      options,
    );
    const requests = await project.registry.requestsDuring(() => run.finished);
    expect([run.job('deploy').status, describeJob(run.job('deploy'))]).toEqual([
      'success',
      expect.any(String),
    ]);
    expect(stepOf(run.job('deploy'), 'use').output).toBe('one');
    expect(requests.filter(isBlobDownload).filter(({ userAgent }) => !userAgent.startsWith('dray'))).toEqual(
      [],
    );
    return run;
  }

  const loadReport = (run: WorkflowRun): string =>
    [...(run.job('deploy').nodes[0]?.artifacts ?? [])].find(([name]) => name.includes('load-'))?.[1] ?? '';

  test(
    'mounts them into the engine of the machine, which goes on running',
    async () => {
      const run = await deploy(
        machine,
        `drayage/load: { ${project.install}, delivery: mount, ${engineArgs()} }`,
      );
      expect(JSON.parse(loadReport(run))).toMatchObject({ images: [{ delivery: 'mount', bytesSent: 0 }] });
    },
    limit,
  );

  test(
    'mounts them in a privileged job container into an engine of their own, which the steps that follow use',
    async () => {
      const step = `drayage/load: { ${project.install}, delivery: mount, image_store: classic, ${engineArgs()} }`;
      const run = await deploy(docker, step, { container: { privileges: 'privileged' } });
      expect(stepOf(run.job('deploy'), 'look').output).toContain('/run/drayage/');
      expect(JSON.parse(loadReport(run))).toMatchObject({ images: [{ delivery: 'mount', bytesSent: 0 }] });
    },
    limit,
  );

  test(
    'starts an engine that has them from the start',
    async () => {
      const run = await deploy(machine, `drayage/start_engine: { ${project.install}, ${engineArgs()} }`);
      expect(stepOf(run.job('deploy'), 'look').output).toContain('/run/drayage/');
    },
    limit,
  );
});
