import type { OptionKey } from '../options/option.ts';
import type { CommandArgument, CommandSpec } from './command.ts';

const imageArgument: CommandArgument = {
  name: 'IMAGE',
  key: 'images',
  isVariadic: true,
  summary:
    'images, such as redis:7, postgres:^16 or "my-base:${CIRCLE_BRANCH|slug}"; without any, "images" of the configuration',
};

const bundleArgument: CommandArgument = {
  name: 'DIR',
  key: 'bundle',
  isVariadic: false,
  summary: 'directory of the bundle; without it that of the configuration',
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
      { line: 'dray prepull --source engine app:ci', summary: 'an image that was built in this job' },
    ],
    load: async () => (await import('./prepull.ts')).runPrepull,
  },
  {
    name: 'load',
    summary: 'wait for the pre-pull and make its images available in the engine',
    description:
      'Waits only while waiting helps, and sends only the layers that the engine lacks. Whatever goes wrong with the pre-pull, the exit code is 0 and the job goes on, unless --strict or --on-miss fail is given.',
    options: [...waitOptions, 'delivery', 'onMiss', 'strict', 'concurrency'],
    examples: [
      { line: 'dray load', summary: 'all images of the pre-pull' },
      { line: 'dray load --only redis:7', summary: 'returns as soon as this one is there' },
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
    options: ['bundle', ...imageOptions, 'platform', ...lockOptions, ...registryOptions],
    examples: [
      { line: 'dray plan redis:7', summary: 'sizes, and what the bundle and the engine have of it' },
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
    name: 'bundle inspect',
    summary: 'list what a bundle holds',
    description: 'Reads the index and the manifests; no layer is hashed.',
    argument: bundleArgument,
    options: ['bundle'],
    examples: [{ line: 'dray bundle inspect .dray/bundle', summary: 'one line for each image' }],
    load: async () => (await import('./bundle-inspect.ts')).runBundleInspect,
  },
  {
    name: 'bundle verify',
    summary: 'check every digest of a bundle; exit 3 when something is wrong',
    description: 'Hashes every blob and checks that every image is complete.',
    argument: bundleArgument,
    options: ['bundle'],
    examples: [{ line: 'dray bundle verify .dray/bundle', summary: 'after it was copied by other means' }],
    load: async () => (await import('./bundle-verify.ts')).runBundleVerify,
  },
  {
    name: 'bundle gc',
    summary: 'drop what no image of a bundle refers to',
    description:
      'Removes blobs that no image needs and what an interrupted pre-pull left behind. Run it when no pre-pull is writing into the bundle.',
    argument: bundleArgument,
    options: ['bundle'],
    examples: [{ line: 'dray bundle gc .dray/bundle', summary: 'before a bundle is saved in a CI cache' }],
    load: async () => (await import('./bundle-gc.ts')).runBundleGc,
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
