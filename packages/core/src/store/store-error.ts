import {
  DrayError,
  TransferError,
  describeDiskFull,
  isDrayError,
  reasonOf,
  systemErrorCode,
} from '../errors.ts';
import type { Descriptor } from '../image/descriptor.ts';

/** The error for a failed file operation; `action` follows "cannot", such as `read file`. */
export function storeIoError(action: string, path: string, error: unknown): DrayError {
  const full = describeDiskFull(error, path);
  if (isDrayError(full, 'DISK_FULL')) return full;
  return new DrayError('STORE_IO', `cannot ${action} ${path}: ${reasonOf(error)}`, {
    cause: error,
    details: { path },
  });
}

export interface WriteFailure {
  /** The bundle's directory. */
  readonly dir: string;
  readonly path: string;
  readonly descriptor: Descriptor;
}

/** The error for a failed blob write: `DISK_FULL` or `STORE_IO`. */
export function blobWriteError({ dir, path, descriptor }: WriteFailure, error: unknown): TransferError {
  const { digest, size } = descriptor;
  const context = { operation: 'put', side: 'destination', digest, location: dir, cause: error } as const;
  if (!isDiskFull(error)) {
    return new TransferError('STORE_IO', `cannot write blob ${digest} to ${path}: ${reasonOf(error)}`, {
      ...context,
      details: { path },
    });
  }
  return new TransferError(
    'DISK_FULL',
    `cannot write blob ${digest} to ${dir}: the disk is full, the blob needs ${String(size)} bytes`,
    {
      ...context,
      hint: 'Free some space there, or choose another directory with --bundle.',
      // The partial file is deleted, so the whole size is needed.
      details: { dir, bytesNeeded: size },
    },
  );
}

/**
 * The error for a failed write of a blob of unknown digest after `bytesWritten`: `DISK_FULL` or `STORE_IO`.
 */
export function ingestWriteError(dir: string, bytesWritten: number, error: unknown): TransferError {
  const isFull = isDiskFull(error);
  const reason = isFull ? 'the disk is full' : reasonOf(error);
  const message = `cannot write a blob to ${dir} after ${String(bytesWritten)} bytes: ${reason}`;
  return new TransferError(isFull ? 'DISK_FULL' : 'STORE_IO', message, {
    operation: 'ingest',
    side: 'destination',
    location: dir,
    ...(isFull ? { hint: 'Free some space there, or choose another directory with --bundle.' } : {}),
    cause: error,
    details: { dir, bytesWritten },
  });
}

/** The error for a failed document write: `DISK_FULL` or `STORE_IO`. */
export function documentWriteError(path: string, bytesNeeded: number, error: unknown): DrayError {
  if (!isDiskFull(error)) return storeIoError('write file', path, error);
  return new DrayError(
    'DISK_FULL',
    `cannot write file ${path}: the disk is full, the file needs ${String(bytesNeeded)} bytes`,
    {
      hint: 'Free some space there, or choose another directory with --bundle.',
      cause: error,
      details: { path, bytesNeeded },
    },
  );
}

function isDiskFull(error: unknown): boolean {
  const code = systemErrorCode(error);
  return code === 'ENOSPC' || code === 'EDQUOT';
}
