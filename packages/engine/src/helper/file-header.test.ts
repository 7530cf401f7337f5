import { Readable } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import { extract } from 'tar-stream';
import { readArchive } from '../testing/fake-engine.ts';
import { archiveEnd, fileHeader } from './file-header.ts';

describe('the archive of one file', () => {
  test.each([0, 1, 511, 512, 513, 10_000])('is read by others, with %d bytes', async (size) => {
    const content = Buffer.alloc(size, 'c');
    const archive = Buffer.concat([fileHeader('name', size, 1_700_000_000_000), content, archiveEnd(size)]);
    expect(archive.byteLength % 512).toBe(0);
    expect([...(await readArchive(Readable.from([archive])))]).toEqual([['name', content]]);
  });

  test.each([0o77777777777, 0o77777777777 + 1, 300_000_000_000])(
    'tells a size of %d, and whose it is',
    async (size) => {
      const reader = extract();
      const read = new Promise((resolve) => {
        reader.on('entry', (header) => {
          resolve(header);
        });
      });
      reader.write(fileHeader('f'.repeat(100), size, 1_700_000_000_999));
      expect(await read).toMatchObject({
        name: 'f'.repeat(100),
        size,
        type: 'file',
        mode: 0o600,
        uid: 0,
        gid: 0,
        mtime: new Date(1_700_000_000_000),
      });
      reader.destroy();
    },
  );

  test('has no room for a longer name', () => {
    expect(() => fileHeader('f'.repeat(101), 1, 0)).toThrow(RangeError);
  });
});
