import { DrayError } from '../errors.ts';
import type { Descriptor } from './descriptor.ts';
import { selectManifest, type Index, type ManifestDocument } from './manifest.ts';
import { isIndexType } from './media-types.ts';
import type { Platform } from './platform.ts';

/** How many indexes may lead to a manifest. Known tools nest two; a hostile tree could be huge. */
const maxIndexDepth = 8;

/** Which manifest of an index is wanted. */
export interface ManifestChoice {
  /** The entries of one index to follow, best first: manifests, or indexes that may lead to one. */
  readonly candidates: (index: Index) => readonly Descriptor[] | Promise<readonly Descriptor[]>;
  /** What the config must be for where an index lists the manifest without a platform. */
  readonly wanted?: Platform | undefined;
  /** What messages call the manifest. */
  readonly sought: string;
}

/**
 * The manifest for a platform. Like containerd, follows the best entry of each index and no other; `what`
 * names the image in messages.
 */
export function forPlatform(wanted: Platform, what: string): ManifestChoice {
  return {
    candidates: (index) => [selectManifest(index, wanted, what)],
    wanted,
    sought: 'a manifest',
  };
}

/** A known manifest, with what `listed` says of it. Searches the inner indexes that are present. */
export function listedManifest(
  listed: Descriptor,
  isPresent: (index: Descriptor) => Promise<boolean>,
): ManifestChoice {
  return {
    sought: `manifest ${listed.digest}`,
    async candidates({ manifests }) {
      if (manifests.some(({ digest }) => digest === listed.digest)) return [listed];
      const present: Descriptor[] = [];
      for (const entry of manifests) {
        if (isIndexType(entry.mediaType) && (await isPresent(entry))) present.push(entry);
      }
      return present;
    },
  };
}

/** The way to a manifest. */
export interface ManifestPath {
  /** The indexes that lead to it, outermost first. */
  readonly indexes: readonly ManifestDocument[];
  /** As the last of them lists it. */
  readonly manifest: Descriptor;
}

export interface FindOptions {
  readonly choice: ManifestChoice;
  readonly read: (index: Descriptor) => Promise<ManifestDocument>;
  /** Names the image in messages. */
  readonly what: string;
}

/**
 * Finds a manifest below an index, through indexes nested at most {@link maxIndexDepth} deep. Reads each
 * index once.
 * @throws DrayError `MANIFEST_INVALID` where the indexes go deeper or do not lead to it; what `choice` and
 * `read` throw
 */
export async function findManifest(top: ManifestDocument, options: FindOptions): Promise<ManifestPath> {
  const { choice, read, what } = options;
  const seen = new Set([top.descriptor.digest]);
  const search = async (path: readonly ManifestDocument[]): Promise<ManifestPath | undefined> => {
    checkDepth(path.length, what);
    const index = path.at(-1)?.parsed;
    if (index?.kind !== 'index') return undefined;
    for (const entry of await choice.candidates(index)) {
      if (!isIndexType(entry.mediaType)) return { indexes: path, manifest: entry };
      if (seen.has(entry.digest)) continue;
      seen.add(entry.digest);
      const found = await search([...path, await read(entry)]);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  const found = await search([top]);
  if (found !== undefined) return found;
  throw invalid(what, `its index does not lead to ${choice.sought}`);
}

/** @throws DrayError `MANIFEST_INVALID` for more than {@link maxIndexDepth} indexes, one below the other */
export function checkDepth(indexes: number, what: string): void {
  if (indexes <= maxIndexDepth) return;
  throw invalid(what, `its indexes are nested more than ${String(maxIndexDepth)} deep, or in a circle`);
}

function invalid(what: string, reason: string): DrayError {
  return new DrayError('MANIFEST_INVALID', `cannot use ${what}: ${reason}`);
}
