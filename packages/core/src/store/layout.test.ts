import { mkdir, readFile, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { rejectionCode, rejectionOf } from '../testing/contracts/contract.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../testing/temporary-directory.ts';
import { createDirectoryDocumentStore } from './directory-document-store.ts';
import { checkLayout, ingestDirectory, initLayout } from './layout.ts';

let temporary: TemporaryDirectory;
let dir: string;
beforeEach(async () => {
  temporary = await temporaryDirectory();
  dir = join(temporary.path, 'a', 'bundle');
});
afterEach(() => temporary.remove());

describe('a layout', () => {
  test('is created with its parents, and can be created again', async () => {
    await initLayout(dir);
    await initLayout(dir);
    expect(JSON.parse(await readFile(join(dir, 'oci-layout'), 'utf8'))).toEqual({
      imageLayoutVersion: '1.0.0',
    });
    await checkLayout(dir);
    expect(await readdir(ingestDirectory(dir))).toEqual([]);
  });

  test('can be created concurrently', async () => {
    await Promise.all(Array.from({ length: 5 }, () => initLayout(dir)));
    await checkLayout(dir);
  });

  test.each([
    ['no oci-layout', undefined, 'BUNDLE_INVALID'],
    ['an oci-layout that is not JSON', '1.0.0', 'BUNDLE_INVALID'],
    ['an oci-layout that is not an object', '"1.0.0"', 'BUNDLE_INVALID'],
    ['no version', '{}', 'BUNDLE_INVALID'],
    ['a version that is not a string', '{"imageLayoutVersion":1}', 'BUNDLE_INVALID'],
    ['another version', '{"imageLayoutVersion":"2.0.0"}', 'BUNDLE_VERSION_UNSUPPORTED'],
  ])('with %s is refused with its own code', async (_, content, code) => {
    await mkdir(dir, { recursive: true });
    if (content !== undefined) await writeFile(join(dir, 'oci-layout'), content);
    const expected = { code, message: expect.stringContaining(dir) };
    expect(await rejectionOf(checkLayout(dir))).toMatchObject(expected);
    if (content !== undefined) expect(await rejectionCode(initLayout(dir))).toBe(code);
  });

  test('of another version names both versions', async () => {
    await mkdir(dir, { recursive: true });
    await writeFile(join(dir, 'oci-layout'), '{"imageLayoutVersion":"2.0.0"}');
    expect(await rejectionOf(checkLayout(dir))).toMatchObject({
      message: expect.stringMatching(/2\.0\.0.*1\.0\.0/),
    });
  });

  test('with a link as oci-layout is refused', async () => {
    await mkdir(dir, { recursive: true });
    await symlink('/etc/hostname', join(dir, 'oci-layout'));
    expect(await rejectionCode(checkLayout(dir))).toBe('BUNDLE_UNSAFE');
    expect(await rejectionCode(initLayout(dir))).toBe('BUNDLE_UNSAFE');
  });

  test('cannot be created below a file', async () => {
    await writeFile(join(temporary.path, 'a'), '');
    expect(await rejectionCode(initLayout(dir))).toBe('STORE_IO');
  });
});

describe('a document on disk', () => {
  test('is a file beside the blobs, and leaves nothing else', async () => {
    const documents = createDirectoryDocumentStore(dir);
    await documents.write('index.json', Buffer.from('{}'));
    expect(await readFile(join(dir, 'index.json'), 'utf8')).toBe('{}');
    expect(await readdir(ingestDirectory(dir))).toEqual([]);
  });

  test('is refused over 4 MiB, in reading and in writing', async () => {
    const documents = createDirectoryDocumentStore(dir);
    const large = new Uint8Array(4 * 1024 * 1024 + 1);
    expect(await rejectionCode(documents.write('index.json', large))).toBe('BUNDLE_INVALID');
    await documents.write('index.json', large.subarray(1));
    await writeFile(join(dir, 'index.json'), large);
    expect(await rejectionCode(documents.read('index.json'))).toBe('BUNDLE_INVALID');
  });

  test('that is a link is not read, and is replaced without following it', async () => {
    await mkdir(dir, { recursive: true });
    await writeFile(join(temporary.path, 'outside'), 'mine');
    await symlink(join(temporary.path, 'outside'), join(dir, 'index.json'));
    const documents = createDirectoryDocumentStore(dir);
    expect(await rejectionCode(documents.read('index.json'))).toBe('BUNDLE_UNSAFE');
    await documents.write('index.json', Buffer.from('{}'));
    expect(await readFile(join(temporary.path, 'outside'), 'utf8')).toBe('mine');
    expect(await documents.read('index.json')).toEqual(Buffer.from('{}'));
  });
});
