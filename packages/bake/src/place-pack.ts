import { constants, copyFile, link, lstat, realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { IntegrityError, systemErrorCode, throwIfAborted, type Descriptor } from '@drayage/core';
import { fileState, openProven } from '@drayage/core/bundle';
import type { FileState, MountablePack, ProvenFile } from '@drayage/core/bundle';
import { readWriteFacts, judgeWriteAccess } from '@drayage/mount';

/**
 * Puts the proven file of a pack at `path`: as a hard link if that is possible and only root and the user who
 * called sudo can write to the file, else as a copy, which is proven again.
 * @throws IntegrityError `DIGEST_MISMATCH`, `SIZE_MISMATCH`; DrayError `BLOB_MISSING`, `ABORTED`; file system
 * errors
 */
export async function placePack(
  { pack, file, proven }: MountablePack,
  path: string,
  { sudoUid, signal }: { readonly sudoUid?: number | undefined; readonly signal?: AbortSignal | undefined },
): Promise<void> {
  throwIfAborted(signal, 'write the build context');
  const source = await openProven({ file, descriptor: pack.image, proven, signal });
  try {
    if ((await isTrusted(source, sudoUid)) && (await tryLink(file, path))) {
      await requireSame(source, path, pack.image);
      return;
    }
    await copyFile(`/proc/self/fd/${String(source.handle.fd)}`, path, constants.COPYFILE_FICLONE);
  } finally {
    await source.close();
  }
  await (await openProven({ file: path, descriptor: pack.image, signal })).close();
}

/** Checks only the file, not its directories, because `requireSame` compares the inode. */
async function isTrusted({ path, handle }: ProvenFile, sudoUid: number | undefined): Promise<boolean> {
  const file = join(await realpath(dirname(path)), basename(path));
  const facts = await readWriteFacts({ file, handle, sudoUid, isInodeCompared: true });
  return judgeWriteAccess(facts).kind === 'trusted';
}

async function tryLink(file: string, path: string): Promise<boolean> {
  try {
    await link(file, path);
    return true;
  } catch (error) {
    if (['EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP'].includes(systemErrorCode(error) ?? '')) return false;
    throw error;
  }
}

/** Checks that the new name belongs to the open file. Linking changes only the change time of its state. */
async function requireSame(
  { state, path }: ProvenFile,
  linked: string,
  { digest }: Descriptor,
): Promise<void> {
  const placed = fileState(await lstat(linked, { bigint: true }));
  if (withoutChangeTime(placed) === withoutChangeTime(state)) return;
  throw new IntegrityError('DIGEST_MISMATCH', `cannot use ${path}: it changed while it was being linked`, {
    details: { digest },
  });
}

function withoutChangeTime(state: FileState): string {
  return state.slice(0, state.lastIndexOf(' '));
}
