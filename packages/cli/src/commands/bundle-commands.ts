import type { CommandArgument, CommandSpec } from '../command.ts';
import type { OptionKey } from '../options/option.ts';

export const bundleArgument: CommandArgument = {
  name: 'DIR',
  key: 'bundle',
  isVariadic: false,
  summary: 'directory of the bundle; default: "bundle" in the configuration',
};

const handoverArgument: CommandArgument = {
  name: 'URL',
  key: 'handover',
  isVariadic: false,
  summary: 'handover location; default: "handover" in the configuration',
};

const placeOptions: readonly OptionKey[] = ['key', 'pipeline', 'insecureRegistries', 'caFile', 'certsDir'];

/** The commands that maintain a bundle and a handover location. */
export const bundleCommands: readonly CommandSpec[] = [
  {
    name: 'bundle inspect',
    summary: 'list the images in a bundle',
    description: 'Reads the index and the manifests; hashes no layer.',
    argument: bundleArgument,
    options: ['bundle'],
    examples: [{ line: 'dray bundle inspect .dray/bundle', summary: 'one line for each image' }],
    load: async () => (await import('./bundle-inspect.ts')).runBundleInspect,
  },
  {
    name: 'bundle verify',
    summary: 'check every digest of a bundle; exit 3 on a problem',
    description:
      'Hashes every blob, and checks that every image is complete and that packs contain only layers (the last check needs unsquashfs or dump.erofs). With a key in DRAY_VERIFY_KEY, checks the signature too. With --deep, rebuilds each packed layer and compares it with the diffId in its image, which takes 10 s or more per GB of layers.',
    argument: bundleArgument,
    options: ['bundle', 'deep', 'requireSignature', 'signatureContext'],
    examples: [
      { line: 'dray bundle verify .dray/bundle', summary: 'after copying it by other means' },
      { line: 'dray bundle verify --deep', summary: 'check that packs contain the layers they claim' },
    ],
    load: async () => (await import('./bundle-verify.ts')).runBundleVerify,
  },
  {
    name: 'bundle unpack',
    summary: 'turn packs back into layers, for machines that cannot mount',
    description:
      'Rebuilds the tar of each layer that is only in a pack, byte for byte, and adds the layers to the images, so that any OCI tool can read the bundle. Needs squashfs-tools, but not root. Keeps the packs.',
    argument: bundleArgument,
    options: ['bundle', 'requireSignature', 'signatureContext'],
    examples: [{ line: 'dray bundle unpack .dray/bundle', summary: 'before loading without root' }],
    load: async () => (await import('./bundle-unpack.ts')).runBundleUnpack,
  },
  {
    name: 'bundle gc',
    summary: 'remove what no image in a bundle refers to',
    description:
      'Removes blobs that no image needs and leftovers of an interrupted pre-pull. Run it when no pre-pull is writing to the bundle.',
    argument: bundleArgument,
    options: ['bundle'],
    examples: [{ line: 'dray bundle gc .dray/bundle', summary: 'before saving a bundle in a CI cache' }],
    load: async () => (await import('./bundle-gc.ts')).runBundleGc,
  },
  {
    name: 'handover list',
    summary: 'list the bundles at a handover location by their keys',
    description: 'Shows the age of each bundle, and whether its pre-pull is running. Reads no blob.',
    argument: handoverArgument,
    options: ['handover', ...placeOptions],
    examples: [
      { line: 'dray handover list oci://registry.example/ci/handover', summary: 'one line for each key' },
    ],
    load: async () => (await import('./handover-list.ts')).runHandoverList,
  },
  {
    name: 'handover clean',
    summary: 'delete what has expired at a handover location',
    description:
      'Run it in the last job of a pipeline, or on a schedule. Deletes shared blobs that are older than ?keep= in the URL. With gitlab://, also deletes the handover of this pipeline. With oci://, deletes bundles older than --expires (default: a week), but not the bundle of this pipeline, and none that a pre-pull is writing. Never deletes a directory. If the server refuses to delete, prints that and exits 0.',
    argument: handoverArgument,
    options: ['handover', 'expiresMs', ...placeOptions],
    examples: [
      { line: 'dray handover clean gitlab://packages', summary: 'in a job of the .post stage' },
      {
        line: 'dray handover clean oci://registry.example/ci/handover --expires 3d',
        summary: 'bundles older than three days',
      },
    ],
    load: async () => (await import('./handover-clean.ts')).runHandoverClean,
  },
];
