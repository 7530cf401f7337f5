import type { OptionKey } from '../options/option.ts';
import type { CommandSpec } from '../command.ts';

/** The options of private engines. */
export const engineOptions: readonly OptionKey[] = [
  'dataRoot',
  'dockerd',
  'imageStore',
  'storage',
  'storageSizeBytes',
  'bridge',
  'registryMirrors',
];

/** `dray engine …`. */
export const engineCommands: readonly CommandSpec[] = [
  {
    name: 'engine start',
    summary: 'start a private engine with the packs of the bundle mounted',
    description:
      'Starts dockerd on its own data-root and waits until it answers. Mounts the packs of the bundle, so nothing is extracted, and loads images that cannot be mounted. The engine keeps running after the command ends, and locks its data-root. Prints a line that makes the shell use the engine. Needs root; in a container, --privileged. With --reach api, starts the engine on the side of the one that answers, through the Docker API alone; a process that keeps running relays to it.',
    options: [
      'bundle',
      ...engineOptions,
      'reach',
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
      { line: 'eval "$(dray engine start)"', summary: 'docker in this shell then uses it' },
      { line: 'dray engine start --export "$BASH_ENV"', summary: 'for the later steps of a CircleCI job' },
      {
        line: 'dray engine start --storage loop-ext4 --storage-size 20GB',
        summary: 'if the root file system is an overlay',
      },
    ],
    load: async () => (await import('./engine-start.ts')).runEngineStart,
  },
  {
    name: 'engine stop',
    summary: 'stop the private engine; only its data-root remains',
    description:
      'Stops the engine and its containers, and removes what a crashed engine left behind: processes, network, sockets. Succeeds if no engine is running.',
    options: ['dataRoot', 'reach', 'purge', 'timeoutMs'],
    examples: [{ line: 'dray engine stop --purge', summary: 'also removes the data-root' }],
    load: async () => (await import('./engine-stop.ts')).runEngineStop,
  },
  {
    name: 'engine status',
    summary: 'show whether the private engine is running, and on which storage; exit 3 if it is not',
    description: 'Changes nothing.',
    options: ['dataRoot', 'reach'],
    examples: [{ line: 'dray engine status --json', summary: 'one JSON object' }],
    load: async () => (await import('./engine-status.ts')).runEngineStatus,
  },
];
