import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { bytesOf, rejectionCode, sampleBlob } from '../testing/contracts/contract.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../testing/temporary-directory.ts';
import { proveFile, readProven, type FileState } from './prove-file.ts';

const blob = sampleBlob(3 * 1024 * 1024 + 17);
const other = sampleBlob(3 * 1024 * 1024 + 17, 2);

let temporary: TemporaryDirectory;
let file: string;
let provenDir: string;
beforeEach(async () => {
  temporary = await temporaryDirectory();
  file = join(temporary.path, 'pack');
  provenDir = join(temporary.path, 'proven');
  await writeFile(file, blob.bytes);
});
afterEach(() => temporary.remove());

function prove(descriptor = blob.descriptor): Promise<FileState | undefined> {
  return proveFile({ file, descriptor, provenDir, signal: undefined });
}

describe('a file that was proven', () => {
  test('is in the same state until somebody writes to it', async () => {
    const state = await prove();
    expect(state).toBeDefined();
    expect(await prove()).toBe(state);
    await writeFile(file, other.bytes);
    expect(await rejectionCode(prove())).toBe('DIGEST_MISMATCH');
    await writeFile(file, blob.bytes);
    expect(await prove()).not.toBe(state);
  });

  test('is read as it is', async () => {
    const bytes = await bytesOf(readProven(file, blob.descriptor, await prove()));
    expect(Buffer.compare(bytes, blob.bytes)).toBe(0);
  });

  test('is not hashed again while it is read', async () => {
    const state = await prove();
    expect(await bytesOf(readProven(file, other.descriptor, state))).toHaveLength(blob.bytes.length);
  });

  test('is hashed again when it was changed since, and when nothing was proven', async () => {
    const state = await prove();
    await writeFile(file, other.bytes);
    for (const proven of [state, undefined]) {
      expect(await rejectionCode(bytesOf(readProven(file, blob.descriptor, proven)))).toBe('DIGEST_MISMATCH');
    }
    expect(await bytesOf(readProven(file, other.descriptor, state))).toHaveLength(other.bytes.length);
  });

  test('is refused when it is changed while it is read', async () => {
    const reading = readProven(file, blob.descriptor, await prove())[Symbol.asyncIterator]();
    await reading.next();
    await appendFile(file, 'x');
    const rest = { [Symbol.asyncIterator]: () => reading };
    expect(await rejectionCode(bytesOf(rest))).toBe('DIGEST_MISMATCH');
  });
});
