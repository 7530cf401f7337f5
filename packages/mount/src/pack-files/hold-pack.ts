import { realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { DrayError, openProven, shortDigest, storeIoError, systemErrorCode } from '@drayage/core';
import type { BlobInfo, FileState, ProvenFile } from '@drayage/core';
import type { PlacedFile } from '../engine-host/engine-host.ts';
import { copyPrivately } from './private-copy.ts';
import { readWriteFacts } from './read-write-access.ts';
import { judgeWriteAccess, type WriteFacts, type WriteVerdict } from './write-access.ts';

/** Whom to trust with the files of packs, and what to do about others. */
export interface PackTrust {
  /** Of the user who called sudo. */
  readonly sudoUid?: number | undefined;
  /** Refuses a pack that others can write to, instead of copying it. */
  readonly strict?: boolean | undefined;
  /** Hears of each private copy. */
  readonly onCopy?: ((message: string) => void) | undefined;
}

export interface HoldPackRequest {
  readonly file: string;
  readonly descriptor: BlobInfo;
  /** The state in which the file was proven before. */
  readonly proven: FileState | undefined;
  readonly trust: PackTrust | undefined;
  readonly signal: AbortSignal | undefined;
}

/** A pack that is ready to be mounted on this machine. */
export interface HeldPack extends PlacedFile {
  /** In which the bundle's own file was proven; undefined when it was copied, and only the copy was proven. */
  readonly state: FileState | undefined;
}

/**
 * Opens the file of a pack, or a private copy of one that others than root and the user who called sudo can write to, and proves what was
 * opened. Open it stays until `release`.
 *
 * `mount` opens the file once more, by its name. So the mount is compared with the open descriptor: the file behind the loop device must have
 * its device and inode, and the descriptor must show afterwards what it showed when the bytes were hashed. To hand the descriptor itself to
 * `mount` as /proc/PID/fd/N is of no use: util-linux resolves that to the name again.
 * @throws DrayError `PACK_UNTRUSTED`, `BLOB_MISSING`, `BUNDLE_UNSAFE`, `DIGEST_MISMATCH`, `SIZE_MISMATCH`, `DISK_FULL`, `STORE_IO`, `ABORTED`
 */
export async function holdPack(request: HoldPackRequest): Promise<HeldPack> {
  const { descriptor, proven, trust = {}, signal } = request;
  const file = await withoutLinks(request.file);
  const verdict = judgeWriteAccess(await readFacts(file, trust.sudoUid));
  if (verdict.kind === 'trusted') {
    return held(await openProven({ file, descriptor, proven, signal }), true);
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

/** The path of a file whose directories are no links; so it is clear whose directories lead to it. */
async function withoutLinks(file: string): Promise<string> {
  try {
    return join(await realpath(dirname(file)), basename(file));
  } catch (error) {
    throw missing(file, error);
  }
}

async function readFacts(file: string, sudoUid: number | undefined): Promise<WriteFacts> {
  try {
    return await readWriteFacts(file, sudoUid);
  } catch (error) {
    throw missing(file, error);
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
