import { access, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { checkLayout } from '../store/layout.ts';
import { rejectionCode, sampleBlob, streamOf } from '../testing/contracts/contract.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../testing/temporary-directory.ts';
import { createDirectoryTransport } from './directory-transport.ts';

let temporary: TemporaryDirectory;
let dir: string;
beforeEach(async () => {
  temporary = await temporaryDirectory();
  dir = join(temporary.path, 'handover');
});
afterEach(() => temporary.remove());

describe('a directory transport', () => {
  test('creates nothing before the first write', async () => {
    const transport = createDirectoryTransport(dir);
    expect(await transport.documents.read('index.json')).toBeUndefined();
    expect(await transport.blobs.stat(sampleBlob(1).descriptor.digest)).toBeUndefined();
    await expect(access(dir)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('creates an OCI image layout with the first write', async () => {
    const { bytes, descriptor } = sampleBlob(10);
    await createDirectoryTransport(dir).blobs.put(descriptor, async () => streamOf(bytes));
    await checkLayout(dir);
    await createDirectoryTransport(`${dir}-2`).documents.write('dray-status.json', bytes);
    await checkLayout(`${dir}-2`);
  });

  test('refuses to read the index of an unknown layout version', async () => {
    const transport = createDirectoryTransport(dir);
    await transport.documents.write('index.json', Buffer.from('{}'));
    await writeFile(join(dir, 'oci-layout'), '{"imageLayoutVersion":"2.0.0"}');
    expect(await rejectionCode(transport.documents.read('index.json'))).toBe('BUNDLE_VERSION_UNSUPPORTED');
    expect(
      await rejectionCode(createDirectoryTransport(dir).documents.write('index.json', Buffer.from('{}'))),
    ).toBe('BUNDLE_VERSION_UNSUPPORTED');
  });
});
