import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ByteStream } from '../blob-store.ts';
import { DrayError, IntegrityError } from '../errors.ts';
import type { Descriptor } from '../image/descriptor.ts';
import { hexOf } from '../image/digest.ts';
import { fileState, openProven, type FileState } from './proven-file.ts';
import { openRegularFile } from './safe-file.ts';
import { verifying } from './verifying.ts';

export interface ProofRequest {
  readonly file: string;
  readonly descriptor: Descriptor;
  /** The directory for notes of proven states. */
  readonly provenDir: string | undefined;
  readonly signal: AbortSignal | undefined;
}

/**
 * Hashes a file and compares it with its descriptor. Skips the hashing when a note says that this very file
 * was proven and has not changed: every write changes the file's ctime, which cannot be set. Only this
 * function writes such notes, and only for files it has hashed. Resolves with the proven state.
 * @throws IntegrityError `DIGEST_MISMATCH`, `SIZE_MISMATCH`; DrayError `BLOB_MISSING`, `BUNDLE_UNSAFE`,
 * `STORE_IO`, `ABORTED`
 */
export async function proveFile({ file, descriptor, provenDir, signal }: ProofRequest): Promise<FileState> {
  const note = provenDir === undefined ? undefined : join(provenDir, hexOf(descriptor.digest));
  const noted = note === undefined ? undefined : await readNote(note);
  const opened = await openProven({ file, descriptor, proven: noted, signal });
  try {
    const { state } = opened;
    if (note !== undefined && state !== noted) await writeNote(note, state);
    return state;
  } finally {
    await opened.close();
  }
}

/** Bytes per read. */
const readBytes = 1024 * 1024;

/**
 * The bytes of a file, which match the descriptor or end in an error. Does not hash them again when the file
 * is in the `proven` state before and after.
 * @throws IntegrityError `DIGEST_MISMATCH`, `SIZE_MISMATCH`; DrayError `BLOB_MISSING`, `BUNDLE_UNSAFE`,
 * `STORE_IO`
 */
export async function* readProven(
  file: string,
  descriptor: Descriptor,
  proven: FileState | undefined,
): ByteStream {
  const handle = await openRegularFile(file);
  if (handle === undefined) throw new DrayError('BLOB_MISSING', `cannot read file ${file}: file not found`);
  try {
    const stateOf = async (): Promise<FileState> => fileState(await handle.stat({ bigint: true }));
    const bytes = handle.createReadStream({ autoClose: false, highWaterMark: readBytes, start: 0 });
    if (proven === undefined || (await stateOf()) !== proven) {
      yield* verifying(bytes, descriptor, file);
      return;
    }
    yield* bytes;
    if ((await stateOf()) === proven) return;
    throw new IntegrityError('DIGEST_MISMATCH', `cannot use ${file}: it changed during the read`, {
      details: { digest: descriptor.digest },
    });
  } finally {
    await handle.close();
  }
}

async function readNote(note: string): Promise<FileState | undefined> {
  try {
    return await readFile(note, 'utf8');
  } catch {
    return undefined;
  }
}

/** Best effort: without a note, the file is hashed again. */
async function writeNote(note: string, state: FileState): Promise<void> {
  try {
    await mkdir(join(note, '..'), { recursive: true, mode: 0o700 });
    await writeFile(note, state, { mode: 0o600 });
  } catch {
    return;
  }
}
