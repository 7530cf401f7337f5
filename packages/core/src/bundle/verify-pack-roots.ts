import { isDrayError, reasonOf, type DrayError } from '../errors.ts';
import type { Digest } from '../image/digest.ts';
import { blobPath } from '../store/layout.ts';
import { checkPackRoot, type PackRootEntry } from './pack-root.ts';
import type { Pack, PackFilesystem } from './pack-types.ts';

/** Lists the roots of packs without mounting them. */
export interface PackRootLister {
  /**
   * The entries at the top of a pack's file system.
   * @throws DrayError `PACK_TOOL_MISSING`, `PACK_INVALID`, `ABORTED`
   */
  listRoot(file: string, filesystem: PackFilesystem, signal?: AbortSignal): Promise<readonly PackRootEntry[]>;
}

/** A pack whose root could not be listed here. */
export interface UncheckedPack {
  /** The digest of the file system image. */
  readonly pack: Digest;
  readonly reason: string;
}

export interface PackRootsVerification {
  readonly faults: readonly { readonly digest: Digest; readonly error: DrayError }[];
  readonly unchecked: readonly UncheckedPack[];
}

/**
 * Checks that the packs of a bundle hold their layers' directories and nothing else.
 * @throws DrayError `ABORTED`
 */
export async function verifyPackRoots(
  dir: string,
  packs: readonly Pack[],
  lister: PackRootLister | undefined,
  signal: AbortSignal | undefined,
): Promise<PackRootsVerification> {
  const faults: { readonly digest: Digest; readonly error: DrayError }[] = [];
  const unchecked: UncheckedPack[] = [];
  for (const { image, filesystem, layers } of packs) {
    const { digest } = image;
    try {
      if (lister === undefined) {
        unchecked.push({ pack: digest, reason: 'no program to list it is installed' });
        continue;
      }
      const entries = await lister.listRoot(blobPath(dir, digest), filesystem, signal);
      checkPackRoot({ pack: digest, entries, diffIds: layers.map(({ diffId }) => diffId) });
    } catch (error) {
      if (isDrayError(error, 'PACK_TOOL_MISSING')) unchecked.push({ pack: digest, reason: reasonOf(error) });
      else if (isDrayError(error, 'PACK_INVALID')) faults.push({ digest, error });
      else throw error;
    }
  }
  return { faults, unchecked };
}
