import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { IntegrityError } from '../errors.ts';
import type { Descriptor } from '../image/descriptor.ts';
import { hexOf } from '../image/digest.ts';
import { hashFile } from './hash-file.ts';

export interface ProofRequest {
  readonly file: string;
  readonly descriptor: Descriptor;
  /** Where it is noted what was proven. */
  readonly provenDir: string | undefined;
  readonly signal: AbortSignal | undefined;
}

/**
 * Hashes a file and compares it with its descriptor. Where a note says that this very file was proven and was not changed since, that counts:
 * nobody can write to a file without changing the time of its last change, which cannot be set.
 * @throws IntegrityError `DIGEST_MISMATCH`, `SIZE_MISMATCH`; DrayError `BLOB_MISSING`, `BUNDLE_UNSAFE`, `STORE_IO`, `ABORTED`
 */
export async function proveFile({ file, descriptor, provenDir, signal }: ProofRequest): Promise<void> {
  const identity = await identityOf(file);
  const note = provenDir === undefined ? undefined : join(provenDir, hexOf(descriptor.digest));
  if (identity !== undefined && note !== undefined && (await readNote(note)) === identity) return;
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
  if (identity !== undefined && note !== undefined) await writeNote(note, identity);
}

/** Notes that a file was proven while it was written. */
export async function noteProven({
  file,
  descriptor,
  provenDir,
}: Omit<ProofRequest, 'signal'>): Promise<void> {
  const identity = await identityOf(file);
  if (identity !== undefined && provenDir !== undefined) {
    await writeNote(join(provenDir, hexOf(descriptor.digest)), identity);
  }
}

/** Which file it is, and in which state. */
async function identityOf(file: string): Promise<string | undefined> {
  try {
    const { dev, ino, size, ctimeNs } = await stat(file, { bigint: true });
    return [dev, ino, size, ctimeNs].join(' ');
  } catch {
    return undefined;
  }
}

async function readNote(note: string): Promise<string | undefined> {
  try {
    return await readFile(note, 'utf8');
  } catch {
    return undefined;
  }
}

/** Without a note it is only slower. */
async function writeNote(note: string, identity: string): Promise<void> {
  try {
    await mkdir(join(note, '..'), { recursive: true, mode: 0o700 });
    await writeFile(note, identity, { mode: 0o600 });
  } catch {
    return;
  }
}
