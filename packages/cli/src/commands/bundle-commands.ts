import type { CommandArgument, CommandSpec } from '../command.ts';

export const bundleArgument: CommandArgument = {
  name: 'DIR',
  key: 'bundle',
  isVariadic: false,
  summary: 'directory of the bundle; without it that of the configuration',
};

/** The commands that look after a bundle, and after what was handed over. */
export const bundleCommands: readonly CommandSpec[] = [
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
    description:
      'Hashes every blob, and checks that every image is complete and that packs hold nothing but layers (the last needs unsquashfs or dump.erofs). With a key in DRAY_VERIFY_KEY the signature is checked too. With --deep each packed layer is rebuilt and compared with the diffId of its image, which takes 10 s or more for each GB of layers.',
    argument: bundleArgument,
    options: ['bundle', 'deep', 'requireSignature', 'signatureContext'],
    examples: [
      { line: 'dray bundle verify .dray/bundle', summary: 'after it was copied by other means' },
      { line: 'dray bundle verify --deep', summary: 'whether packs hold the layers that they say' },
    ],
    load: async () => (await import('./bundle-verify.ts')).runBundleVerify,
  },
  {
    name: 'bundle unpack',
    summary: 'turn packs back into layers, for places where nothing can be mounted',
    description:
      'Rebuilds the tar of each layer that is only in a pack, byte for byte, and lists the images with them, so that any OCI tool can read the bundle. Needs squashfs-tools and no root. The packs stay.',
    argument: bundleArgument,
    options: ['bundle'],
    examples: [{ line: 'dray bundle unpack .dray/bundle', summary: 'before a load without root' }],
    load: async () => (await import('./bundle-unpack.ts')).runBundleUnpack,
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
    name: 'handover clean',
    summary: 'delete what this pipeline has handed over, and what others left too long ago',
    description:
      'For the last job of a pipeline. Blobs that pipelines share stay until they are older than ?keep= of the handover says. A directory is left to whoever made it. Where nothing may be deleted, that is said, and the exit code is 0.',
    options: ['handover', 'pipeline', 'caFile'],
    examples: [
      { line: 'dray handover clean --handover gitlab://packages', summary: 'in a job of the stage .post' },
    ],
    load: async () => (await import('./handover-clean.ts')).runHandoverClean,
  },
];
