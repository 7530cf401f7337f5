import { rm } from 'node:fs/promises';
import pLimit from 'p-limit';
import type { BlobStore } from '../blob-store.ts';
import type { BundleIndex } from '../bundle/bundle-index.ts';
import { packBlobs } from '../bundle/pack.ts';
import type { Pack, PackedLayer } from '../bundle/pack-types.ts';
import { readPacks } from '../bundle/packed-layers.ts';
import { incompleteBlobs } from '../bundle/presence.ts';
import { DrayError, isDrayError, reasonOf } from '../errors.ts';
import { throwIfAborted } from '../store/abort.ts';
import { verifying } from '../store/verifying.ts';
import type { PackAccess } from './pack-access.ts';

export interface VerifyPackOptions {
  /** Layers checked concurrently; each is extracted for its check. */
  readonly concurrency: number;
  /** Called after each layer. */
  readonly onLayer?: ((layer: PackedLayer) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A layer in a pack that does not match its diffId. */
export interface WrongLayer {
  readonly pack: Pack;
  readonly layer: PackedLayer;
  /** Names pack and layer. */
  readonly error: DrayError;
}

type Verifier = Pick<PackAccess, 'store' | 'reader'>;

/**
 * Checks each layer of a pack against its diffId. The pack's blobs must be on this node, with its file
 * proven. Resolves with the wrong layers, in order.
 * @throws DrayError `PACK_TOOL_MISSING`, `DISK_FULL`, `STORE_IO`, `ABORTED`
 */
async function findWrongLayers(
  access: Verifier,
  local: { readonly location: string; readonly blobs: BlobStore },
  pack: Pack,
  { concurrency, onLayer, signal }: VerifyPackOptions,
): Promise<readonly WrongLayer[]> {
  const limit = pLimit(Math.max(1, concurrency));
  const found = await Promise.allSettled(
    pack.layers.map((layer) =>
      limit(async () => {
        throwIfAborted(signal, 'check packs');
        const error = await wrongOf(checkLayer(access, local, pack, layer, signal));
        onLayer?.(layer);
        return error === undefined ? undefined : { pack, layer, error: named(pack, layer, error) };
      }),
    ),
  );
  return found
    .map((result) => {
      if (result.status === 'rejected') throw result.reason;
      return result.value;
    })
    .filter((wrong) => wrong !== undefined);
}

/**
 * Checks that every layer of a pack matches its diffId.
 * @throws DrayError `PACK_INVALID`, `DIGEST_MISMATCH`; as {@link findWrongLayers}
 */
export async function verifyPack(
  access: Verifier,
  local: { readonly location: string; readonly blobs: BlobStore },
  pack: Pack,
  options: VerifyPackOptions,
): Promise<void> {
  const [first] = await findWrongLayers(access, local, pack, options);
  if (first !== undefined) throw first.error;
}

/**
 * The packs of a local bundle that have wrong layers, with these layers. Skips damaged and incomplete packs:
 * the check of digests reports them.
 */
export async function findWrongPacks(
  access: Verifier,
  bundle: { readonly location: string; readonly blobs: BlobStore },
  { packs: manifests }: BundleIndex,
  options: VerifyPackOptions,
): Promise<readonly WrongLayer[]> {
  const { signal } = options;
  const packs = await readPacks(bundle.blobs, manifests, { onBroken: () => undefined, signal });
  const wrong: WrongLayer[] = [];
  for (const pack of packs) {
    if ((await incompleteBlobs(bundle.blobs, packBlobs(pack), signal)).length > 0) continue;
    if ((await wrongOf(access.store.prove(pack.image, signal))) !== undefined) continue;
    wrong.push(...(await findWrongLayers(access, bundle, pack, options)));
  }
  return wrong;
}

async function checkLayer(
  { store, reader }: Verifier,
  { location, blobs }: { readonly location: string; readonly blobs: BlobStore },
  pack: Pack,
  layer: PackedLayer,
  signal: AbortSignal | undefined,
): Promise<void> {
  const workDir = await store.workDirectory();
  try {
    const tarSplit = await blobs.open(layer.tarSplit, signal === undefined ? {} : { signal });
    await reader.checkLayer({
      file: store.fileOf(pack.image.digest),
      filesystem: pack.filesystem,
      layer,
      packLayers: pack.layers,
      tarSplit: verifying(tarSplit, layer.tarSplit, location),
      workDir,
      signal,
    });
  } finally {
    await rm(workDir, { recursive: true, force: true });
  }
}

/** The error of a promise that rejects because content is wrong; undefined when it resolves. */
async function wrongOf(checking: Promise<unknown>): Promise<DrayError | undefined> {
  try {
    await checking;
    return undefined;
  } catch (error) {
    if (isDrayError(error, 'PACK_INVALID', 'DIGEST_MISMATCH', 'SIZE_MISMATCH', 'BLOB_MISSING')) return error;
    throw error;
  }
}

function named({ manifest }: Pack, { diffId }: PackedLayer, error: DrayError): DrayError {
  const code = isDrayError(error, 'DIGEST_MISMATCH') ? 'DIGEST_MISMATCH' : 'PACK_INVALID';
  return new DrayError(
    code,
    `cannot use pack ${manifest.digest}: layer ${diffId} does not match its diffId: ${reasonOf(error)}`,
    {
      hint: 'Find out who changed the bundle, or run "dray prepull --repack" to rebuild the pack.',
      cause: error,
      details: { pack: manifest.digest, diffId },
    },
  );
}
