import {
  appendFile,
  chmod,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { bytesOf, rejectionCode, sampleBlob } from '../testing/contracts/contract.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../testing/temporary-directory.ts';
import { proveFile, readProven } from './prove-file.ts';
import { openProven, type FileState } from './proven-file.ts';

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

async function replace(bytes: Uint8Array): Promise<void> {
  await writeFile(`${file}.new`, bytes);
  await rename(`${file}.new`, file);
}

describe('a proven file', () => {
  test('keeps its state until a write', async () => {
    const state = await prove();
    expect(state).toBeDefined();
    expect(await prove()).toBe(state);
    await writeFile(file, other.bytes);
    expect(await rejectionCode(prove())).toBe('DIGEST_MISMATCH');
    await writeFile(file, blob.bytes);
    expect(await prove()).not.toBe(state);
  });

  test.each([
    ['of the same size in the same tick', () => writeFile(file, other.bytes), 'DIGEST_MISMATCH'],
    ['of another size', () => writeFile(file, 'short'), 'SIZE_MISMATCH'],
    ['truncated', () => truncate(file, 1024), 'SIZE_MISMATCH'],
    ['grown', () => appendFile(file, 'x'), 'SIZE_MISMATCH'],
    ['grown to a sparse terabyte', () => truncate(file, 2 ** 40), 'SIZE_MISMATCH'],
    ['another file under its name', () => replace(other.bytes), 'DIGEST_MISMATCH'],
    ['gone', () => rm(file), 'BLOB_MISSING'],
    ['a link', () => rm(file).then(() => symlink('/etc/passwd', file)), 'BUNDLE_UNSAFE'],
  ])('is refused when it is %s', async (_, swap, code) => {
    const state = await prove();
    await swap();
    expect(await rejectionCode(prove())).toBe(code);
    expect(await rejectionCode(openProven({ file, descriptor: blob.descriptor, proven: state }))).toBe(code);
  });

  test('that is open stays proven when its name gets another file', async () => {
    const opened = await openProven({ file, descriptor: blob.descriptor });
    await replace(other.bytes);
    await opened.confirm();
    const { dev, ino } = await stat(file);
    expect(opened.identity).not.toBe(`${String(dev)}:${String(ino)}`);
    await opened.close();
  });

  test('that is open is hashed again after a touch, and refused after a write', async () => {
    const opened = await openProven({ file, descriptor: blob.descriptor });
    await chmod(file, 0o600);
    await opened.confirm();
    await writeFile(file, other.bytes);
    expect(await rejectionCode(opened.confirm())).toBe('DIGEST_MISMATCH');
    await opened.close();
  });

  test('is read unchanged', async () => {
    const bytes = await bytesOf(readProven(file, blob.descriptor, await prove()));
    expect(Buffer.compare(bytes, blob.bytes)).toBe(0);
  });

  test('is not hashed again during a read', async () => {
    const state = await prove();
    expect(await bytesOf(readProven(file, other.descriptor, state))).toHaveLength(blob.bytes.length);
  });

  test('is noted only in a state that was hashed', async () => {
    await prove();
    const [name = ''] = await readdir(provenDir);
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true });
    expect(await readFile(join(provenDir, name), 'utf8')).toBe([dev, ino, size, mtimeNs, ctimeNs].join(' '));
    await writeFile(file, other.bytes);
    await rejectionCode(prove());
    expect(await readFile(join(provenDir, name), 'utf8')).toContain(String(ctimeNs));
  });

  test('is hashed again when it has changed, or when nothing was proven', async () => {
    const state = await prove();
    await writeFile(file, other.bytes);
    for (const proven of [state, undefined]) {
      expect(await rejectionCode(bytesOf(readProven(file, blob.descriptor, proven)))).toBe('DIGEST_MISMATCH');
    }
    expect(await bytesOf(readProven(file, other.descriptor, state))).toHaveLength(other.bytes.length);
  });

  test('is refused when it changes during a read', async () => {
    const reading = readProven(file, blob.descriptor, await prove())[Symbol.asyncIterator]();
    await reading.next();
    await appendFile(file, 'x');
    const rest = { [Symbol.asyncIterator]: () => reading };
    expect(await rejectionCode(bytesOf(rest))).toBe('DIGEST_MISMATCH');
  });
});
