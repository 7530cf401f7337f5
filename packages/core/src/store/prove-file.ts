import { createReadStream } from 'node:fs';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ByteStream } from '../blob-store.ts';
import { IntegrityError } from '../errors.ts';
import type { Descriptor } from '../image/descriptor.ts';
import { hexOf } from '../image/digest.ts';
import { hashFile } from './hash-file.ts';
import { verifying } from './verifying.ts';

/** Which file it is and in which state: it differs for any other file, and after any write to this one. */
export type FileState = string;

export interface ProofRequest {
  readonly file: string;
  readonly descriptor: Descriptor;
  /** Where it is noted what was proven. */
  readonly provenDir: string | undefined;
  readonly signal: AbortSignal | undefined;
}

/**
 * Hashes a file and compares it with its descriptor. Where a note says that this very file was proven and was not changed since, that counts:
 * nobody can write to a file without changing the time of its last change, which cannot be set. Resolves with the state that was proven.
 * @throws IntegrityError `DIGEST_MISMATCH`, `SIZE_MISMATCH`; DrayError `BLOB_MISSING`, `BUNDLE_UNSAFE`, `STORE_IO`, `ABORTED`
 */
export async function proveFile({
  file,
  descriptor,
  provenDir,
  signal,
}: ProofRequest): Promise<FileState | undefined> {
  const state = await stateOf(file);
  const note = provenDir === undefined ? undefined : join(provenDir, hexOf(descriptor.digest));
  if (state !== undefined && note !== undefined && (await readNote(note)) === state) return state;
  const { digest, size } = await hashFile(file, signal);
  const details = { digest: descriptor.digest };
  if (size !== descriptor.size) {
    throw new IntegrityError(
      'SIZE_MISMATCH',
      `cannot use ${file}: it has ${String(size)} bytes instead of ${String(descriptor.size)}`,
      { details },
    );
  }
  if (digest !== descriptor.digest) {
    throw new IntegrityError('DIGEST_MISMATCH', `cannot use ${file}: its bytes hash to ${digest}`, {
      details,
    });
  }
  // What was hashed is what was there before, or else it is hashed again next time.
  if (state !== undefined && note !== undefined) await writeNote(note, state);
  return state;
}

/** Bytes read at once. */
const readBytes = 1024 * 1024;

/**
 * The bytes of a file, which are what the descriptor says or end in an error: where the file is in the `proven` state before and after, they
 * are not hashed once more.
 * @throws IntegrityError `DIGEST_MISMATCH`, `SIZE_MISMATCH`
 */
export async function* readProven(
  file: string,
  descriptor: Descriptor,
  proven: FileState | undefined,
): ByteStream {
  const bytes = createReadStream(file, { highWaterMark: readBytes });
  if (proven === undefined || (await stateOf(file)) !== proven) {
    yield* verifying(bytes, descriptor, file);
    return;
  }
  yield* bytes;
  if ((await stateOf(file)) === proven) return;
  throw new IntegrityError('DIGEST_MISMATCH', `cannot use ${file}: it was changed while it was read`, {
    details: { digest: descriptor.digest },
  });
}

/** Notes that a file was proven while it was written. */
export async function noteProven({
  file,
  descriptor,
  provenDir,
}: Omit<ProofRequest, 'signal'>): Promise<void> {
  const state = await stateOf(file);
  if (state !== undefined && provenDir !== undefined) {
    await writeNote(join(provenDir, hexOf(descriptor.digest)), state);
  }
}

async function stateOf(file: string): Promise<FileState | undefined> {
  try {
    const { dev, ino, size, ctimeNs } = await stat(file, { bigint: true });
    return [dev, ino, size, ctimeNs].join(' ');
  } catch {
    return undefined;
  }
}

async function readNote(note: string): Promise<FileState | undefined> {
  try {
    return await readFile(note, 'utf8');
  } catch {
    return undefined;
  }
}

/** Without a note it is only slower. */
async function writeNote(note: string, state: FileState): Promise<void> {
  try {
    await mkdir(join(note, '..'), { recursive: true, mode: 0o700 });
    await writeFile(note, state, { mode: 0o600 });
  } catch {
    return;
  }
}
