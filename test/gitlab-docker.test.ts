import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { startFakeGitlab, type FakeGitlab } from '@drayage/gitlab/testing';

import { isBlobDownload } from './support/access-log.ts';
import { ownBridgePrefix } from './support/bridge.ts';
import { enginePath } from './support/engine-programs.ts';
import { startEngine, type EngineVariant, type TestEngine } from './support/engines.ts';
import { allowForwarding } from './support/forwarding.ts';
import { pullJobImages, type JobImages } from './support/gitlab/job-images.ts';
import { runPipeline, type PipelineResult } from './support/gitlab/pipeline.ts';
import { makeProject, type Project } from './support/gitlab/project.ts';
import { packRelease, type Release } from './support/gitlab/release.ts';
import { busyboxLayer, pushImage } from './support/images.ts';
import { startRegistry, type TestRegistry } from './support/registry.ts';
import { describeWith } from './support/requirements.ts';
import { startTcpRelay, type TcpRelay } from './support/tcp-relay.ts';

const variant: EngineVariant = { name: '28.5', imageStore: 'classic' };
const needs = {
  engine: variant,
  registry: true,
  programs: ['bash', 'git', 'iptables', 'rsync', 'openssl', 'mksquashfs', 'flock', 'unshare'],
};
/** The addresses of all containers. */
const addresses = `10.213.${String(process.pid % 256)}`;
const allSubnets = `${addresses}.0/24`;
/** The network that all jobs are in, with this machine as its gateway. */
const network = {
  name: 'jobs',
  bridge: `${ownBridgePrefix}jobs`.slice(0, 15),
  subnet: `${addresses}.0/25`,
  gateway: `${addresses}.1`,
};
/** The networks that gitlab-ci-local makes for jobs with services. */
const addressPool = { base: `${addresses}.128/25`, size: 28 };

describeWith(needs, 'the GitLab templates with the docker executor', () => {
  let registry: TestRegistry;
  let engine: TestEngine;
  let gitlab: FakeGitlab;
  let release: Release;
  let images: JobImages;
  let registryHere: TcpRelay;
  let gitlabHere: TcpRelay;
  let forwarding: Awaited<ReturnType<typeof allowForwarding>>;
  let app: string;
  let project: Project | undefined;

  beforeAll(async () => {
    // Containers have no way to the object storage, which is another origin on loopback.
    [registry, gitlab, release] = await Promise.all([
      startRegistry(),
      startFakeGitlab({ downloads: 'inline' }),
      packRelease(),
    ]);
    forwarding = await allowForwarding(allSubnets);
    engine = await startEngine({ ...variant, insecureRegistries: [allSubnets], addressPool });
    await engine.docker([
      ...['network', 'create', '--subnet', network.subnet, '--gateway', network.gateway],
      ...['--opt', `com.docker.network.bridge.name=${network.bridge}`, network.name],
    ]);
    registryHere = await startTcpRelay({ port: portOf(registry.url) }, network.gateway);
    gitlabHere = await startTcpRelay({ port: portOf(gitlab.url) }, network.gateway);
    images = await pullJobImages(registry, engine, {
      name: variant.name,
      insecureRegistries: [allSubnets],
    });
    await pushImage(registry, 'team/app:1', {
      layers: [busyboxLayer(), [{ path: 'version', content: 'one' }]],
      config: { Cmd: ['cat', '/version'] },
    });
    app = `${registryHere.authority}/team/app:1`;
  });

  afterAll(async () => {
    await Promise.all([registryHere.stop(), gitlabHere.stop()]);
    await removeContainers();
    await engine.stop();
    await forwarding.remove();
    await Promise.all([registry.stop(), gitlab.close(), release.remove()]);
  });

  afterEach(async () => {
    await project?.remove();
  });

  /**
   * Containers of an interrupted pipeline, and all networks: a stopped engine leaves its bridges.
   */
  const removeContainers = async (): Promise<void> => {
    const { stdout } = await engine.docker(['ps', '--all', '--quiet']);
    const ids = stdout.split('\n').filter((id) => id !== '');
    if (ids.length > 0) await engine.docker(['rm', '--force', '--volumes', ...ids]);
    await engine.docker(['network', 'prune', '--force']);
  };

  const run = async (pipelineId: number, pipeline: object): Promise<PipelineResult> => {
    project = await makeProject({ '.gitlab-ci.yml': JSON.stringify(pipeline) });
    gitlab.setJobs(pipelineId, []);
    return runPipeline(project, {
      variables: {
        ...gitlab.jobEnv(pipelineId),
        CI_SERVER_URL: `http://${gitlabHere.authority}`,
        CI_API_V4_URL: `http://${gitlabHere.authority}/api/v4`,
        DRAY_INSECURE_REGISTRY: registryHere.authority,
        DRAY_BRIDGE: 'none',
      },
      executor: [
        ...['--privileged', '--pull-policy', 'if-not-present', '--helper-image', images.helper],
        ...['--network', network.name, '--volume', `${release.folder}:/release:ro`],
        ...['--volume', 'certs:/certs/client', '--volume', `${engine.socketPath}:/host/docker.sock`],
      ],
      env: { ...engine.env, PATH: enginePath(variant.name) },
      onJobs: (jobs) => {
        gitlab.setJobs(pipelineId, jobs);
      },
    });
  };

  test('bring the images into the engine of the machine, of a service and of the job itself', async () => {
    const script = [
      `docker image inspect --format 'before is {{index .RepoTags 0}}' ${app} || echo before is nothing`,
      `docker pull ${app}`,
      `docker run --rm --network none ${app}`,
    ];
    const deploy = { stage: 'deploy', needs: ['test', { job: 'drayage:prepull', optional: true }], script };
    let result: PipelineResult | undefined;
    const requests = await registry.requestsDuring(async () => {
      result = await run(1, {
        include: [
          {
            local: '/prepull.yml',
            inputs: {
              images: [app],
              form: 'both',
              image: images.job,
              dind_image: images.job,
              insecure_registries: [registryHere.authority],
              install_from: '/release',
            },
          },
        ],
        stages: ['test', 'deploy'],
        test: { image: images.job, stage: 'test', script: ['echo tested'] },
        machine: {
          ...deploy,
          extends: '.drayage:load',
          image: images.job,
          variables: { DOCKER_HOST: 'unix:///host/docker.sock' },
        },
        service: { ...deploy, extends: '.drayage:load:dind', image: images.job },
        private: { ...deploy, extends: '.drayage:load:private-engine' },
      });
    });
    for (const job of ['machine', 'service', 'private']) {
      expect(result?.logOf(job)).toContain(`before is ${app}`);
      expect(result?.logOf(job)).toContain('Image is up to date');
      expect(result?.logOf(job)).toMatch(/^one$/m);
      expect(result?.stateOf(job)).toBe('passed');
    }
    expect(result?.logOf('machine')).toContain('1 loaded');
    for (const job of ['service', 'private']) expect(result?.logOf(job)).toContain('1 mounted');
    expect(result?.passed).toBe(true);
    expect(result?.text).not.toContain(gitlab.jobToken);
    expect(
      requests.filter((request) => isBlobDownload(request) && request.userAgent.startsWith('docker/')),
    ).toEqual([]);
  });
});

function portOf(url: string): number {
  return Number(new URL(url).port);
}
