import type { OrbExample, OrbStep, YamlMap, YamlValue } from './model.ts';

const deployImage = 'cimg/node:22.14';

/** Uses of the orb, by name. `orb` is its reference in a configuration: `drayage/drayage@1`. */
export function examples(orb: string): Readonly<Record<string, OrbExample>> {
  return Object.fromEntries(
    Object.entries(configurations).map(([name, { description, configuration }]) => [
      name,
      { description, usage: { version: 2.1, orbs: { drayage: orb }, ...configuration } },
    ]),
  );
}

interface Example {
  readonly description: string;
  readonly configuration: YamlMap;
}

const testJob: YamlMap = {
  docker: [{ image: deployImage }],
  steps: ['checkout', { run: { name: 'Test', command: 'npm ci && npm test' } }],
};

const logIn: OrbStep = {
  run: {
    name: 'Log in to the registry',
    command: 'echo "$REGISTRY_TOKEN" | docker login ghcr.io --username "$REGISTRY_USER" --password-stdin',
  },
};

function deployJob(load: readonly OrbStep[]): YamlMap {
  return {
    docker: [{ image: deployImage }],
    steps: ['checkout', 'setup_remote_docker', ...load, { run: { name: 'Deploy', command: './deploy.sh' } }],
  };
}

function deployAfter(tests: string, prepull: string, settings: YamlMap = {}): YamlMap {
  return { deploy: { ...settings, requires: [tests, { [prepull]: 'terminal' }] } };
}

function workflow(jobs: readonly YamlValue[]): YamlMap {
  return { main: { jobs } };
}

const configurations: Readonly<Record<string, Example>> = {
  parallel_prepull: {
    description:
      'While the tests run, the prepull job fetches the images of the deployment. The deploy job waits for both, and runs whatever the result of the pre-pull. On CircleCI Server, write prepull: [success, failed, canceled] instead of prepull: terminal.',
    configuration: {
      jobs: { test: testJob, deploy: deployJob([{ 'drayage/load': { on_miss: 'pull' } }]) },
      workflows: workflow([
        { 'drayage/prepull': { name: 'prepull', images: 'redis:7 postgres:17' } },
        'test',
        deployAfter('test', 'prepull'),
      ]),
    },
  },
  private_registry: {
    description:
      'Steps before the pre-pull log in to a private registry. The pre-pull reads the login from ~/.docker/config.json, as docker does, and sends it only to that registry.',
    configuration: {
      jobs: { test: testJob, deploy: deployJob([logIn, 'drayage/load']) },
      workflows: workflow([
        {
          'drayage/prepull': {
            name: 'prepull',
            context: 'registry',
            images: 'ghcr.io/acme/app:1.4 redis:7',
            prepare: [logIn],
          },
        },
        'test',
        deployAfter('test', 'prepull', { context: 'registry' }),
      ]),
    },
  },
  mount_on_machine: {
    description:
      'The pre-pull packs the images into files, and the machine executor mounts them. Nothing is extracted, so large images are ready in about a second. If the engine cannot mount them, a private engine is started for the steps that follow.',
    configuration: {
      jobs: {
        test: testJob,
        deploy: {
          machine: { image: 'ubuntu-2404:current' },
          steps: [
            'checkout',
            { 'drayage/load': { delivery: 'mount', sudo: true } },
            { run: { name: 'Deploy', command: './deploy.sh' } },
          ],
        },
      },
      workflows: workflow([
        {
          'drayage/prepull': {
            name: 'prepull',
            images: 'selenium/standalone-chrome:4 postgres:17',
            form: 'packs',
            prepare: [
              {
                run: {
                  name: 'Install squashfs-tools, which makes packs',
                  command: 'sudo apt-get update && sudo apt-get install --yes squashfs-tools',
                },
              },
            ],
          },
        },
        'test',
        deployAfter('test', 'prepull'),
      ]),
    },
  },
  same_job: {
    description:
      'The pre-pull runs in the background of the job that needs the images, beside its other steps. Only the load step waits, and only as long as the pre-pull can still succeed.',
    configuration: {
      jobs: {
        test_and_deploy: {
          machine: { image: 'ubuntu-2404:current' },
          steps: [
            'checkout',
            { 'drayage/prepull': { images: 'redis:7 postgres:17', background: true } },
            { run: { name: 'Build and test', command: 'make test' } },
            { 'drayage/load': { attach: false, timeout: '5m' } },
            { run: { name: 'Deploy', command: './deploy.sh' } },
          ],
        },
      },
      workflows: workflow(['test_and_deploy']),
    },
  },
  remote_docker: {
    description:
      'With setup_remote_docker, the images are loaded through the API of that engine. Layers that it has are not sent; the others stay compressed.',
    configuration: {
      jobs: {
        test: testJob,
        deploy: {
          docker: [{ image: 'cimg/base:current' }],
          steps: [
            'checkout',
            { setup_remote_docker: { version: 'default' } },
            { 'drayage/load': { delivery: 'load' } },
            { run: { name: 'Build on the pre-pulled base', command: 'docker build --tag app .' } },
          ],
        },
      },
      workflows: workflow([
        { 'drayage/prepull': { name: 'prepull', from: 'Dockerfile' } },
        'test',
        deployAfter('test', 'prepull'),
      ]),
    },
  },
  branch_tag_with_fallback: {
    description:
      'Loads the image of this branch if it exists, and the image of the main branch. A missing optional image is skipped. The job expands variables; ${NAME|slug} makes a valid tag.',
    configuration: {
      jobs: { test: testJob, deploy: deployJob(['drayage/load']) },
      workflows: workflow([
        {
          'drayage/prepull': {
            name: 'prepull',
            images: 'acme/base:main',
            optional: 'acme/base:${CIRCLE_BRANCH|slug}',
          },
        },
        'test',
        deployAfter('test', 'prepull'),
      ]),
    },
  },
  hand_over_a_built_image: {
    description:
      'One job builds an image and a later job loads it, without a registry. Only layers that the later engine lacks are sent.',
    configuration: {
      jobs: { deploy: deployJob([{ 'drayage/load': { key: 'built' } }]) },
      workflows: workflow([
        {
          'drayage/prepull': {
            name: 'build',
            key: 'built',
            source: 'engine',
            images: 'app:ci',
            setup_remote_docker: true,
            fail_workflow: true,
            prepare: [{ run: { name: 'Build the image', command: 'docker build --tag app:ci .' } }],
          },
        },
        { deploy: { requires: ['build'] } },
      ]),
    },
  },
};
