import { rm } from 'node:fs/promises';
import type { BlobStore, ByteStream } from '../blob-store.ts';
import { packBlobs } from '../bundle/pack.ts';
import type { Pack } from '../bundle/pack-types.ts';
import type { LayerInPack } from '../bundle/packed-layers.ts';
import type { MountablePack, Mounting } from '../mounter.ts';
import type { PackReader } from '../pack-writer.ts';
import type { PackStore } from '../store/pack-store.ts';
import { verifying } from '../store/verifying.ts';

/** Access to packs for delivery. */
export interface PackAccess {
  /** The bundle on this node. */
  readonly store: PackStore;
  readonly reader: PackReader;
  /**
   * Concurrency of checking layers against their diffIds before a pack is mounted; undefined: do not check.
   */
  readonly deepConcurrency?: number | undefined;
  /** Undefined: packs are only unpacked. */
  readonly mounting?: Mounting | undefined;
}

/** Copies all blobs of a pack to this node, and proves the file that will be mounted or read. */
export async function providePack(
  { store }: PackAccess,
  pack: Pack,
  receive: (descriptors: ReturnType<typeof packBlobs>) => Promise<void>,
  signal: AbortSignal | undefined,
): Promise<MountablePack> {
  await receive(packBlobs(pack));
  const proven = await store.prove(pack.image, signal);
  return { pack, file: store.fileOf(pack.image.digest), proven };
}

/**
 * The tar of a layer, rebuilt from its pack, whose blobs are on this node. Nothing extracted is left once it
 * has been read or given up.
 */
export async function* openPackedLayer(
  { store, reader }: PackAccess,
  local: { readonly location: string; readonly blobs: BlobStore },
  { pack, layer }: LayerInPack,
  signal: AbortSignal | undefined,
): ByteStream {
  const workDir = await store.workDirectory();
  try {
    const options = signal === undefined ? {} : { signal };
    const tarSplit = verifying(
      await local.blobs.open(layer.tarSplit, options),
      layer.tarSplit,
      local.location,
    );
    yield* await reader.openLayer({
      file: store.fileOf(pack.image.digest),
      filesystem: pack.filesystem,
      layer,
      packLayers: pack.layers,
      tarSplit,
      workDir,
      signal,
    });
  } finally {
    await rm(workDir, { recursive: true, force: true });
  }
}
