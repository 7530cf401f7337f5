import { realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { DrayError, shortDigest, systemErrorCode } from '@drayage/core';
import { openProven, storeIoError } from '@drayage/core/bundle';
import type { BlobInfo, FileState, ProvenFile } from '@drayage/core/bundle';
import type { PlacedFile } from './placed-file.ts';
import { copyPrivately } from './private-copy.ts';
import { readWriteFacts, type WriteAccessQuery } from './read-write-access.ts';
import { judgeWriteAccess, type WriteVerdict } from './write-access.ts';

/** Which users may be able to write to pack files, and how to treat other writable files. */
export interface PackTrust {
  /** The user who called sudo. */
  readonly sudoUid?: number | undefined;
  /** Rejects a pack that other users can write to, instead of copying it. */
  readonly strict?: boolean | undefined;
  /** Receives a message for each private copy. */
  readonly onCopy?: ((message: string) => void) | undefined;
}

export interface HoldPackRequest {
  readonly file: string;
  readonly descriptor: BlobInfo;
  /** The state in which the file was last proven. */
  readonly proven: FileState | undefined;
  readonly trust: PackTrust | undefined;
  /** True if `same_file` runs after the mount and can compare the inode: see `losetupShowsInode`. */
  readonly isInodeCompared: boolean;
  readonly signal: AbortSignal | undefined;
}

/** A pack that is ready to mount on this machine. */
export interface HeldPack extends PlacedFile {
  /** The state in which the bundle's file was proven; undefined if only a private copy was proven. */
  readonly state: FileState | undefined;
}

/**
 * Opens the file of a pack and proves its bytes. If users other than root and the one who called sudo can
 * write to it, opens and proves a private copy instead. The file stays open until `release`.
 * `mount` opens the file again by name, so the mount is compared with the open descriptor: the file behind
 * the loop device must have its device and inode, and the descriptor must still show the state of when the
 * bytes were hashed. Passing /proc/PID/fd/N to `mount` does not help, because util-linux resolves it to the
 * name. If losetup cannot show the inode, the directories must be trusted as well.
 * @throws DrayError `PACK_UNTRUSTED`, `BLOB_MISSING`, `BUNDLE_UNSAFE`, `DIGEST_MISMATCH`, `SIZE_MISMATCH`,
 * `DISK_FULL`, `STORE_IO`, `ABORTED`
 */
export async function holdPack(request: HoldPackRequest): Promise<HeldPack> {
  const { descriptor, proven, trust = {}, signal } = request;
  const query = {
    file: await withoutLinks(request.file),
    sudoUid: trust.sudoUid,
    isInodeCompared: request.isInodeCompared,
  };
  const { file } = query;
  let verdict = await judge(query);
  if (verdict.kind === 'trusted') {
    const opened = await openProven({ file, descriptor, proven, signal });
    // Another file may have taken the name since.
    verdict = await judge({ ...query, handle: opened.handle });
    if (verdict.kind === 'trusted') return held(opened, true);
    await opened.close();
  }
  if (trust.strict === true) throw untrusted(file, descriptor, verdict);
  trust.onCopy?.(
    `pack ${shortDigest(descriptor.digest)} is mounted from a private copy of ${String(descriptor.size)} bytes: ${verdict.reason}`,
  );
  return held(await copyPrivately(file, descriptor, signal), false);
}

function held(opened: ProvenFile, isOriginal: boolean): HeldPack {
  return {
    path: opened.path,
    identity: opened.identity,
    state: isOriginal ? opened.state : undefined,
    confirm: () => opened.confirm(),
    release: () => opened.close(),
  };
}

/** Resolves links in the file's directory, so that the owners of the real directories can be checked. */
async function withoutLinks(file: string): Promise<string> {
  try {
    return join(await realpath(dirname(file)), basename(file));
  } catch (error) {
    throw missing(file, error);
  }
}

async function judge(query: WriteAccessQuery): Promise<WriteVerdict> {
  try {
    return judgeWriteAccess(await readWriteFacts(query));
  } catch (error) {
    throw missing(query.file, error);
  }
}

function missing(file: string, error: unknown): unknown {
  if (!['ENOENT', 'ENOTDIR'].includes(systemErrorCode(error) ?? ''))
    return storeIoError('look at', file, error);
  return new DrayError('BLOB_MISSING', `cannot use ${file}: file not found`, { cause: error });
}

function untrusted(
  file: string,
  { digest }: BlobInfo,
  { reason, path, who }: WriteVerdict & { readonly kind: 'copy' },
): DrayError {
  return new DrayError('PACK_UNTRUSTED', `cannot mount pack ${file}: ${reason}`, {
    hint: 'Allow only root and the user who calls sudo to write there, or omit --strict to mount a private copy.',
    details: { digest, path, who },
  });
}
