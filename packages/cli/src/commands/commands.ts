import type { OptionKey } from '../options/option.ts';
import { bundleArgument, bundleCommands } from './bundle-commands.ts';
import { ciCommands } from './ci-commands.ts';
import { engineCommands, engineOptions } from './engine-commands.ts';
import type { CommandArgument, CommandSpec } from '../command.ts';

const imageArgument: CommandArgument = {
  name: 'IMAGE',
  key: 'images',
  isVariadic: true,
  summary:
    'images, such as redis:7, postgres:^16 or "my-base:${CIRCLE_BRANCH|slug}"; default: "images" in the configuration',
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
  'key',
  'only',
  'timeoutMs',
  'graceMs',
  'settled',
  'pipeline',
  'prepullJob',
  'mirrors',
  'insecureRegistries',
  'caFile',
  'certsDir',
];

const mountOptions: readonly OptionKey[] = ['reach', 'mountContent'];

/** Every command, in the order of the usage text. */
export const commands: readonly CommandSpec[] = [
  {
    name: 'prepull',
    summary: 'fetch images into a bundle, and hand it over',
    description:
      'Run it while the tests run. It discovers the images, runs the preparation commands, fetches the layers in parallel straight from the registry, and keeps a status document that the deploy job watches. Needs no engine, except for --source engine. Does not fetch again what is already in the bundle.',
    argument: imageArgument,
    options: [
      'bundle',
      'handover',
      'key',
      'expiresMs',
      'asImages',
      ...imageOptions,
      'source',
      'form',
      'packFormat',
      'repack',
      'sign',
      'signatureContext',
      'platform',
      'timeoutMs',
      ...lockOptions,
      ...registryOptions,
      'pipeline',
      'jobSummary',
    ],
    examples: [
      { line: 'dray prepull redis:7 postgres:17', summary: 'two images into .dray/bundle' },
      {
        line: 'dray prepull --handover /mnt/share/$CI_PIPELINE_ID',
        summary: 'the images of .dray.yml, for another node',
      },
      {
        line: 'dray prepull --handover oci://registry.example/ci/handover',
        summary: 'the same through a registry, with the logins of docker',
      },
      { line: 'dray prepull --from compose.yaml', summary: 'the images that a compose file names' },
      {
        line: 'dray prepull --form packs redis:7',
        summary: 'as a file to mount instead of extract',
      },
      { line: 'dray prepull --source engine app:ci', summary: 'an image built in this job' },
    ],
    load: async () => (await import('./prepull.ts')).runPrepull,
  },
  {
    name: 'load',
    summary: 'wait for the pre-pull and make its images available in the engine',
    description:
      'Waits only while waiting helps. Mounts packs: into the running engine if it uses the containerd image store; otherwise, with --delivery mount or --export, in a private engine that it starts, here or beside the engine that only its API reaches. If packs cannot be mounted, sends only the layers that the engine lacks. If the pre-pull fails, the exit code is still 0 and the job goes on, unless --strict or --on-miss fail is given.',
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
      'exportFile',
      'jobSummary',
    ],
    examples: [
      { line: 'dray load', summary: 'all images of the pre-pull' },
      {
        line: 'dray load --delivery mount --export',
        summary: 'later steps of this CI job then use the engine that has the images',
      },
      {
        line: 'eval "$(dray load --delivery mount)"',
        summary: 'docker in this shell then uses the engine that has the images',
      },
      { line: 'dray load --only redis:7', summary: 'returns as soon as this image is ready' },
      { line: 'dray load --require-signature', summary: 'refuse a bundle that the pre-pull has not signed' },
    ],
    load: async () => (await import('./load.ts')).runLoad,
  },
  {
    name: 'wait',
    summary: 'wait, but deliver nothing: exit 0 ready, 3 not coming, 4 timed out',
    description: 'Waits by the same rules as load, but uses no engine.',
    options: waitOptions,
    examples: [{ line: 'dray wait --timeout 5m', summary: 'five minutes at most' }],
    load: async () => (await import('./wait.ts')).runWait,
  },
  {
    name: 'plan',
    summary: 'show what would be fetched and how it would be delivered here',
    description: 'Reads only manifests: fetches no layer and writes nothing. Works without an engine.',
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
      { line: 'dray plan redis:7', summary: 'sizes, and what the bundle and the engine already have' },
      { line: 'dray plan --form packs redis:7', summary: 'also says whether it would be mounted here' },
    ],
    load: async () => (await import('./plan.ts')).runPlan,
  },
  {
    name: 'lock',
    summary: 'record the current digest of each image; with --check, list what has changed',
    description:
      'Writes dray.lock beside the configuration file, for "dray prepull --frozen". Locks all images in the configuration, including those for other branches. With --check, writes nothing and exits 3 if the lock is out of date.',
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
      { line: 'dray lock --check', summary: 'in CI: exit 3 and a list if an image has changed' },
    ],
    load: async () => (await import('./lock.ts')).runLock,
  },
  {
    name: 'bake',
    summary: 'make a docker-in-docker image that starts with the images of a bundle',
    description:
      'Writes the build context of an image: the packs of the bundle, and an entry point that mounts them when the container starts, so that nothing is pulled, loaded or copied there. With --tag, builds the image with the docker client. Run the container with --privileged, as docker-in-docker always requires.',
    argument: bundleArgument,
    options: [
      'bundle',
      'requireSignature',
      'signatureContext',
      'base',
      'output',
      'bakeTag',
      'push',
      'platform',
    ],
    examples: [
      { line: 'dray bake', summary: 'the build context of .dray/bundle, in .dray/bake' },
      {
        line: 'dray bake --base docker:28-dind --tag registry.example/ci/dind:1 --push',
        summary: 'built and pushed',
      },
    ],
    load: async () => (await import('./bake.ts')).runBake,
  },
  ...engineCommands,
  ...bundleCommands,
  ...ciCommands,
  {
    name: 'doctor',
    summary: 'show what this machine can do, what auto would choose, and what would be faster',
    description:
      'Examines the engine, the privileges of this process, the kernel, programs and storage. Changes nothing, and always exits 0.',
    options: ['delivery', 'exportFile', 'dataRoot', 'dockerd'],
    examples: [
      { line: 'dray doctor', summary: 'at the start of a slow job' },
      { line: 'dray doctor --json', summary: 'the same, as JSON' },
    ],
    load: async () => (await import('./doctor.ts')).runDoctor,
  },
  {
    name: 'render',
    summary: 'write the CircleCI orb and the GitLab templates',
    description:
      'Renders them from the command and option definitions of this version. If you mirror the files that templates install, pass their checksums with --checksums.',
    argument: {
      name: 'SYSTEM',
      key: undefined,
      isVariadic: false,
      choices: ['circleci', 'gitlab'],
      summary: 'circleci or gitlab; default: both',
    },
    options: ['into', 'check', 'checksums'],
    examples: [
      { line: 'dray render gitlab --into ci', summary: 'into ci/gitlab-templates' },
      { line: 'dray render --check', summary: 'exit 3 if the files are out of date' },
    ],
    load: async () => (await import('./render.ts')).runRender,
  },
  {
    name: 'completion',
    summary: 'print a completion script for the shell',
    description: 'Prints the script on stdout; evaluate it in the start-up file of your shell.',
    argument: {
      name: 'SHELL',
      key: undefined,
      isVariadic: false,
      choices: ['bash', 'zsh', 'fish'],
      summary: 'bash, zsh or fish; default: the shell that $SHELL names',
    },
    options: [],
    examples: [{ line: 'eval "$(dray completion bash)"', summary: 'in ~/.bashrc' }],
    load: async () => (await import('./completion.ts')).runCompletion,
  },
];

/** The first words of two-word commands, such as `bundle`. */
export const commandGroups: readonly string[] = [
  ...new Set(commands.filter(({ name }) => name.includes(' ')).map(({ name }) => name.split(' ')[0] ?? '')),
];
