import { realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { DrayError, shortDigest, systemErrorCode } from '@drayage/core';
import { openProven, storeIoError } from '@drayage/core/bundle';
import type { BlobInfo, FileState, ProvenFile } from '@drayage/core/bundle';
import type { PlacedFile } from './placed-file.ts';
import { copyPrivately } from './private-copy.ts';
import { readWriteFacts, type WriteAccessQuery } from './read-write-access.ts';
import { judgeWriteAccess, type WriteVerdict } from './write-access.ts';

/** Which users may be able to write to the files of packs, and what to do about other users. */
export interface PackTrust {
  /** The user who called sudo. */
  readonly sudoUid?: number | undefined;
  /** Refuses a pack that others can write to, instead of copying it. */
  readonly strict?: boolean | undefined;
  /** Called for each private copy. */
  readonly onCopy?: ((message: string) => void) | undefined;
}

export interface HoldPackRequest {
  readonly file: string;
  readonly descriptor: BlobInfo;
  /** The state in which the file was proven before. */
  readonly proven: FileState | undefined;
  readonly trust: PackTrust | undefined;
  /** `same_file` runs after the mount and can compare the inode: see `losetupShowsInode`. */
  readonly isInodeCompared: boolean;
  readonly signal: AbortSignal | undefined;
}

/** A pack that is ready to be mounted on this machine. */
export interface HeldPack extends PlacedFile {
  /** The state in which the bundle's own file was proven; undefined if only a private copy was proven. */
  readonly state: FileState | undefined;
}

/**
 * Opens the file of a pack and proves its bytes. If users other than root and the one who called sudo can
 * write to it, opens and proves a private copy instead. The file stays open until `release`.
 *
 * `mount` opens the file once more, by its name. So the mount is compared with the open descriptor: the file
 * behind the loop device must have its device and inode, and the descriptor must show afterwards what it
 * showed when the bytes were hashed. Passing the descriptor itself to `mount` as /proc/PID/fd/N does not
 * help: util-linux resolves it to the name again. Where losetup cannot show the inode, the directories must
 * be trusted as well.
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
    // Another file may have got the name since.
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

/** The path of the file with the links in its directories resolved, so that their owners can be checked. */
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
  return new DrayError('BLOB_MISSING', `cannot use ${file}: it is not there`, { cause: error });
}

function untrusted(
  file: string,
  { digest }: BlobInfo,
  { reason, path, who }: WriteVerdict & { readonly kind: 'copy' },
): DrayError {
  return new DrayError('PACK_UNTRUSTED', `cannot mount pack ${file}: ${reason}`, {
    hint: 'Let only root and the user who calls sudo write there, or leave out --strict: then a private copy is mounted.',
    details: { digest, path, who },
  });
}
