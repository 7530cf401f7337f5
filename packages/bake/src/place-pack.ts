import { constants, copyFile, link, lstat, realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { IntegrityError, systemErrorCode, throwIfAborted, type Descriptor } from '@drayage/core';
import { fileState, openProven } from '@drayage/core/bundle';
import type { FileState, MountablePack, ProvenFile } from '@drayage/core/bundle';
import { readWriteFacts, judgeWriteAccess } from '@drayage/mount';

/**
 * Puts the proven file of a pack at `path`. Links it where that is possible and only root and the user who
 * called sudo can write to it; otherwise copies it and proves the copy.
 * @throws IntegrityError `DIGEST_MISMATCH`, `SIZE_MISMATCH`; DrayError `BLOB_MISSING`, `ABORTED`; errors of
 * the file system
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

/** `requireSame` compares the inode, so only the file counts, not its directories. */
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

/** The new name must belong to the open file. Linking a file changes only the change time in its state. */
async function requireSame(
  { state, path }: ProvenFile,
  linked: string,
  { digest }: Descriptor,
): Promise<void> {
  const placed = fileState(await lstat(linked, { bigint: true }));
  if (withoutChangeTime(placed) === withoutChangeTime(state)) return;
  throw new IntegrityError('DIGEST_MISMATCH', `cannot use ${path}: it was changed while it was linked`, {
    details: { digest },
  });
}

function withoutChangeTime(state: FileState): string {
  return state.slice(0, state.lastIndexOf(' '));
}
