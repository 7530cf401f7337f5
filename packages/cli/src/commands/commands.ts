import type { OptionKey } from '../options/option.ts';
import { bundleArgument, bundleCommands } from './bundle-commands.ts';
import { ciCommands } from './ci-commands.ts';
import type { CommandArgument, CommandSpec } from '../command.ts';

const imageArgument: CommandArgument = {
  name: 'IMAGE',
  key: 'images',
  isVariadic: true,
  summary:
    'images, such as redis:7, postgres:^16 or "my-base:${CIRCLE_BRANCH|slug}"; without any, "images" of the configuration',
};

const imageOptions: readonly OptionKey[] = ['optional', 'from', 'runOnly', 'runExcept', 'strict'];
const registryOptions: readonly OptionKey[] = [
  'prepare',
  'mirrors',
  'insecureRegistries',
  'caFile',
  'certsDir',
  'concurrency',
];
const lockOptions: readonly OptionKey[] = ['frozen', 'lockFile'];
const waitOptions: readonly OptionKey[] = [
  'bundle',
  'handover',
  'only',
  'timeoutMs',
  'graceMs',
  'settled',
  'pipeline',
  'prepullJob',
  'caFile',
];

const mountOptions: readonly OptionKey[] = ['reach', 'mountContent'];
const engineOptions: readonly OptionKey[] = [
  'dataRoot',
  'dockerd',
  'imageStore',
  'storage',
  'storageSizeBytes',
  'bridge',
  'registryMirrors',
];

/** Every command, in the order of the usage text. */
export const commands: readonly CommandSpec[] = [
  {
    name: 'prepull',
    summary: 'fetch images into a bundle, and hand it over',
    description:
      'Runs beside the tests: finds out which images are meant, runs the preparation commands, fetches the layers in parallel straight from the registry, and keeps a status document that the deploy side waits by. No engine is needed, except for --source engine. What the bundle holds already is not fetched again.',
    argument: imageArgument,
    options: [
      'bundle',
      'handover',
      ...imageOptions,
      'source',
      'form',
      'packFormat',
      'repack',
      'sign',
      'signatureContext',
      'platform',
      ...lockOptions,
      ...registryOptions,
      'pipeline',
    ],
    examples: [
      { line: 'dray prepull redis:7 postgres:17', summary: 'two images into .dray/bundle' },
      {
        line: 'dray prepull --handover /mnt/share/$CI_PIPELINE_ID',
        summary: 'the images of .dray.yml, for another node',
      },
      { line: 'dray prepull --from compose.yaml', summary: 'the images that a compose file names' },
      {
        line: 'dray prepull --form packs redis:7',
        summary: 'as a file that is mounted instead of extracted',
      },
      { line: 'dray prepull --source engine app:ci', summary: 'an image that was built in this job' },
    ],
    load: async () => (await import('./prepull.ts')).runPrepull,
  },
  {
    name: 'load',
    summary: 'wait for the pre-pull and make its images available in the engine',
    description:
      'Waits only while waiting helps. Packs are mounted: into the running engine where it has the containerd store, else, with --delivery mount or --export, in an engine of our own that is started for it. Where that cannot be done, only the layers that the engine lacks are sent. Whatever goes wrong with the pre-pull, the exit code is 0 and the job goes on, unless --strict or --on-miss fail is given.',
    options: [
      ...waitOptions,
      'delivery',
      'onMiss',
      'strict',
      'verify',
      'requireSignature',
      'signatureContext',
      'concurrency',
      ...mountOptions,
      ...engineOptions,
      'insecureRegistries',
      'exportFile',
    ],
    examples: [
      { line: 'dray load', summary: 'all images of the pre-pull' },
      {
        line: 'eval "$(dray load --delivery mount)"',
        summary: 'and docker in this shell uses the engine that has them',
      },
      { line: 'dray load --only redis:7', summary: 'returns as soon as this one is there' },
      { line: 'dray load --require-signature', summary: 'nothing that the pre-pull has not signed' },
    ],
    load: async () => (await import('./load.ts')).runLoad,
  },
  {
    name: 'wait',
    summary: 'only wait: exit 0 ready, 3 not coming, 4 timed out',
    description: 'Waits by the same rules as load, and touches no engine.',
    options: waitOptions,
    examples: [{ line: 'dray wait --timeout 5m', summary: 'five minutes at most' }],
    load: async () => (await import('./wait.ts')).runWait,
  },
  {
    name: 'plan',
    summary: 'say what would be fetched and how it would be delivered here',
    description: 'Reads manifests only: no layer is fetched and nothing is written. Works without an engine.',
    argument: imageArgument,
    options: [
      'bundle',
      ...imageOptions,
      'form',
      'platform',
      'delivery',
      'exportFile',
      'dataRoot',
      'dockerd',
      ...lockOptions,
      ...registryOptions,
    ],
    examples: [
      { line: 'dray plan redis:7', summary: 'sizes, and what the bundle and the engine have of it' },
      { line: 'dray plan --form packs redis:7', summary: 'and whether it would be mounted here' },
    ],
    load: async () => (await import('./plan.ts')).runPlan,
  },
  {
    name: 'lock',
    summary: 'write down which digest each image has now; with --check, say what has changed',
    description:
      'Writes dray.lock beside the configuration file, for "dray prepull --frozen". The images are those of the configuration, whichever branch they are for. With --check nothing is written, and the exit code is 3 when the lock is out of date.',
    argument: imageArgument,
    options: [
      'check',
      'platforms',
      'platform',
      'lockFile',
      'bundle',
      'optional',
      'from',
      'strict',
      ...registryOptions,
    ],
    examples: [
      { line: 'dray lock --platforms linux/amd64,linux/arm64', summary: 'for both kinds of runner' },
      { line: 'dray lock --check', summary: 'in CI: exit 3 and a list when something has moved' },
    ],
    load: async () => (await import('./lock.ts')).runLock,
  },
  {
    name: 'bake',
    summary: 'make a docker-in-docker image that has the images of a bundle when it starts',
    description:
      'Writes the build context of an image: the packs of the bundle, and an entry point that mounts them where the container starts, so that nothing is pulled, loaded or copied there. With --tag the image is built by the docker client. The container has to run with --privileged, as docker-in-docker always has.',
    argument: bundleArgument,
    options: ['bundle', 'base', 'output', 'bakeTag', 'push', 'platform'],
    examples: [
      { line: 'dray bake', summary: 'the build context of .dray/bundle, in .dray/bake' },
      {
        line: 'dray bake --base docker:28-dind --tag registry.example/ci/dind:1 --push',
        summary: 'built and pushed',
      },
    ],
    load: async () => (await import('./bake.ts')).runBake,
  },
  {
    name: 'engine start',
    summary: 'start an engine of our own, with the packs of the bundle mounted',
    description:
      'Starts dockerd on a data-root of its own and waits until it answers. The packs of the bundle are mounted: nothing is extracted. Images that cannot be mounted are loaded. The engine lives on when the command has ended, and nobody else can start one on that data-root meanwhile. Prints the line that makes the shell use it. Needs root, in a container --privileged.',
    options: [
      'bundle',
      ...engineOptions,
      'strict',
      'insecureRegistries',
      'verify',
      'requireSignature',
      'signatureContext',
      'exportFile',
      'platform',
      'concurrency',
      'timeoutMs',
    ],
    examples: [
      { line: 'eval "$(dray engine start)"', summary: 'and docker in this shell uses it' },
      { line: 'dray engine start --export "$BASH_ENV"', summary: 'for the later steps of a CircleCI job' },
      {
        line: 'dray engine start --storage loop-ext4 --storage-size 20GB',
        summary: 'where the root is an overlay',
      },
    ],
    load: async () => (await import('./engine-start.ts')).runEngineStart,
  },
  {
    name: 'engine stop',
    summary: 'stop it, and leave nothing behind but its data-root',
    description:
      'Ends the engine with its containers, and removes what a crashed one has left: processes, network, sockets. Stopping one that does not run is fine.',
    options: ['dataRoot', 'purge', 'timeoutMs'],
    examples: [{ line: 'dray engine stop --purge', summary: 'the data-root goes too' }],
    load: async () => (await import('./engine-stop.ts')).runEngineStop,
  },
  {
    name: 'engine status',
    summary: 'say whether it runs, and what it stands on; exit 3 when it does not',
    description: 'Changes nothing.',
    options: ['dataRoot'],
    examples: [{ line: 'dray engine status --json', summary: 'one object' }],
    load: async () => (await import('./engine-status.ts')).runEngineStatus,
  },
  ...bundleCommands,
  ...ciCommands,
  {
    name: 'doctor',
    summary: 'say what this machine can do, what auto would choose here, and what would be faster',
    description:
      'Looks at the engine, the rights of this process, the kernel, programs and storage, and changes nothing. It only reports: the exit code is 0 whatever it finds.',
    options: ['delivery', 'exportFile', 'dataRoot', 'dockerd'],
    examples: [
      { line: 'dray doctor', summary: 'at the start of a job that is slower than it should be' },
      { line: 'dray doctor --json', summary: 'the same for programs' },
    ],
    load: async () => (await import('./doctor.ts')).runDoctor,
  },
  {
    name: 'render',
    summary: 'write the CircleCI orb and the GitLab templates',
    description:
      'Renders them from the definitions of the commands and options, for the version of this program. Companies that mirror the templates render them with --checksums of their own files.',
    argument: {
      name: 'SYSTEM',
      key: undefined,
      isVariadic: false,
      choices: ['circleci', 'gitlab'],
      summary: 'circleci or gitlab; without it both',
    },
    options: ['into', 'check', 'checksums'],
    examples: [
      { line: 'dray render gitlab --into ci', summary: 'into ci/gitlab-templates' },
      { line: 'dray render --check', summary: 'exit 3 when what is there is not up to date' },
    ],
    load: async () => (await import('./render.ts')).runRender,
  },
  {
    name: 'completion',
    summary: 'print a completion script for the shell',
    description: 'Prints the script on stdout; evaluate it in the start-up file of the shell.',
    argument: {
      name: 'SHELL',
      key: undefined,
      isVariadic: false,
      choices: ['bash', 'zsh', 'fish'],
      summary: 'bash, zsh or fish; without it the one that $SHELL names',
    },
    options: [],
    examples: [{ line: 'eval "$(dray completion bash)"', summary: 'in ~/.bashrc' }],
    load: async () => (await import('./completion.ts')).runCompletion,
  },
];

/** The first words that have a second one: `bundle`. */
export const commandGroups: readonly string[] = [
  ...new Set(commands.filter(({ name }) => name.includes(' ')).map(({ name }) => name.split(' ')[0] ?? '')),
];
