import { setTimeout as pause } from 'node:timers/promises';
import type { BigIntStats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { DrayError, IntegrityError } from '../errors.ts';
import type { BlobInfo } from '../blob-store.ts';
import { hashHandle } from './hash-file.ts';
import { openRegularFile } from './safe-file.ts';

/** Identifies a file and its state: differs for any other file, and after any write to this one. */
export type FileState = string;

/** An open file with proven bytes. Anyone who uses its name must compare the file with this descriptor. */
export interface ProvenFile {
  readonly path: string;
  readonly handle: FileHandle;
  /** The state in which its bytes were proven. */
  readonly state: FileState;
  /** `DEVICE:INODE`, as `stat -c %d:%i` prints it. */
  readonly identity: string;
  /**
   * Hashes again unless the file is unchanged. @throws IntegrityError `DIGEST_MISMATCH`, `SIZE_MISMATCH`;
   * DrayError `ABORTED`
   */
  confirm(signal?: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

export interface OpenProvenRequest {
  readonly file: string;
  readonly descriptor: BlobInfo;
  /** A state in which these bytes were hashed before: a file still in it is not hashed again. */
  readonly proven?: FileState | undefined;
  readonly signal?: AbortSignal | undefined;
}

// File systems take ctime from a clock that ticks every 1 – 10 ms.
const tickMs = 20;

const tries = 3;

/**
 * Opens a file and proves its bytes through this very descriptor; the state comes from `fstat` before and
 * after. The caller closes it.
 * @throws IntegrityError `DIGEST_MISMATCH`, `SIZE_MISMATCH`; DrayError `BLOB_MISSING`, `BUNDLE_UNSAFE`,
 * `STORE_IO`, `ABORTED`
 */
export async function openProven(request: OpenProvenRequest): Promise<ProvenFile> {
  const { file, signal } = request;
  const handle = await openRegularFile(file);
  if (handle === undefined) throw new DrayError('BLOB_MISSING', `cannot use ${file}: file not found`);
  try {
    let state = await proveHandle(handle, request);
    const { dev, ino } = await handle.stat({ bigint: true });
    return {
      path: file,
      handle,
      get state() {
        return state;
      },
      identity: `${String(dev)}:${String(ino)}`,
      async confirm(confirmSignal = signal) {
        state = await proveHandle(handle, { ...request, proven: state, signal: confirmSignal });
      },
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** The `fstat` data that identify a file and its state, as one string. */
export function fileState({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): FileState {
  return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
}

async function proveHandle(
  handle: FileHandle,
  { file, descriptor, proven, signal }: OpenProvenRequest,
): Promise<FileState> {
  for (let turn = 0; turn < tries; turn += 1) {
    const before = await handle.stat({ bigint: true });
    checkSize(file, Number(before.size), descriptor);
    const state = fileState(before);
    if (state === proven) return state;
    // A write within the same tick as the last change would leave the same time: wait for the next tick, then
    // hash.
    if (Date.now() - Number(before.ctimeMs) < tickMs) await pause(tickMs);
    const { digest, size } = await hashHandle(handle, file, { maxBytes: descriptor.size + 1, signal });
    checkSize(file, size, descriptor);
    if (digest !== descriptor.digest) throw mismatch(file, descriptor, `its bytes hash to ${digest}`);
    // A new link or mode also changes the state; then hash once more.
    if (fileState(await handle.stat({ bigint: true })) === state) return state;
  }
  throw mismatch(file, descriptor, 'it changed during the read');
}

function checkSize(file: string, size: number, descriptor: OpenProvenRequest['descriptor']): void {
  if (size === descriptor.size) return;
  const relation = size > descriptor.size ? 'more than' : `${String(size)} instead of`;
  throw new IntegrityError(
    'SIZE_MISMATCH',
    `cannot use ${file}: it has ${relation} ${String(descriptor.size)} bytes`,
    { details: { digest: descriptor.digest } },
  );
}

function mismatch(file: string, { digest }: OpenProvenRequest['descriptor'], reason: string): IntegrityError {
  return new IntegrityError('DIGEST_MISMATCH', `cannot use ${file}: ${reason}`, { details: { digest } });
}
