import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import type { ByteStream } from '@drayage/core';
import { extract } from 'tar-stream';
import { readArchive } from '../testing/fake-engine.ts';
import { bytesEntry, oneFileTarBytes, tarBytes, type ArchiveEntry } from './tar-bytes.ts';

function entryOf(name: string, size: number, chunks: readonly Uint8Array[]): ArchiveEntry {
  return { name, size, open: () => Promise.resolve(Readable.from(chunks)) };
}

async function collect(bytes: ByteStream): Promise<readonly Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes) chunks.push(chunk);
  return chunks;
}

describe('tarBytes', () => {
  test('produces an archive with every entry in order', async () => {
    const large = randomBytes(900_001);
    const entries = [
      bytesEntry('a', Buffer.from('first')),
      entryOf('blobs/sha256/b', large.length, [large.subarray(0, 500_000), large.subarray(500_000)]),
      entryOf('empty', 0, []),
    ];
    const files = await readArchive(tarBytes(entries));
    expect([...files.keys()]).toEqual(['a', 'blobs/sha256/b', 'empty']);
    expect(files.get('blobs/sha256/b')?.equals(large)).toBe(true);
    expect(files.get('empty')?.length).toBe(0);
  });

  test('produces the same bytes for the same entries', async () => {
    const entries = [bytesEntry('a', Buffer.from('first')), bytesEntry('b', Buffer.alloc(1000))];
    const [one, two] = [await collect(tarBytes(entries)), await collect(tarBytes(entries))];
    expect(Buffer.concat(one).equals(Buffer.concat(two))).toBe(true);
  });

  test('joins small chunks into large ones', async () => {
    const small = Array.from({ length: 1000 }, () => Buffer.alloc(1024));
    const chunks = await collect(tarBytes([entryOf('a', 1_024_000, small)]));
    expect(chunks.slice(0, -1).every((chunk) => chunk.byteLength >= 256 * 1024)).toBe(true);
  });

  test('does not read ahead of its reader', async () => {
    let given = 0;
    const source = function* (): Iterable<Uint8Array> {
      for (; given < 100; given++) yield Buffer.alloc(64 * 1024);
    };
    const entry = {
      name: 'a',
      size: 6_553_600,
      open: () => Promise.resolve(Readable.from(source(), { highWaterMark: 1 })),
    };
    const reader = tarBytes([entry])[Symbol.asyncIterator]();
    await reader.next();
    expect(given).toBeLessThan(20);
    await reader.return?.();
  });

  test('opens an entry only after the previous one has been read', async () => {
    const opened: string[] = [];
    const entry = (name: string): ArchiveEntry => ({
      name,
      size: 600_000,
      open: () => {
        opened.push(name);
        return Promise.resolve(Readable.from([Buffer.alloc(300_000), Buffer.alloc(300_000)]));
      },
    });
    const reader = tarBytes([entry('a'), entry('b')])[Symbol.asyncIterator]();
    await reader.next();
    expect(opened).toEqual(['a']);
    await reader.return?.();
  });

  test.each([
    ['fewer', [Buffer.alloc(10)]],
    ['more', [Buffer.alloc(10), Buffer.alloc(10)]],
  ])('refuses an entry with %s bytes than its size', async (_, chunks) => {
    const archive = tarBytes([entryOf('blobs/sha256/b', 15, chunks)]);
    await expect(collect(archive)).rejects.toMatchObject({ code: 'SIZE_MISMATCH' });
  });

  test('throws what an entry throws, when opened and while read', async () => {
    const broken = Object.assign(new Error('broken'), { code: 'BROKEN' });
    const failing: ArchiveEntry = { name: 'a', size: 5, open: () => Promise.reject(broken) };
    await expect(collect(tarBytes([failing]))).rejects.toBe(broken);
    const source = async function* (): ByteStream {
      yield await Promise.resolve(Buffer.alloc(3));
      throw broken;
    };
    await expect(
      collect(tarBytes([{ name: 'a', size: 5, open: () => Promise.resolve(source()) }])),
    ).rejects.toBe(broken);
  });

  test('closes the entry that is being read when its reader stops', async () => {
    const source = Readable.from(Array.from({ length: 50 }, () => Buffer.alloc(64 * 1024)));
    const reader = tarBytes([{ name: 'a', size: 3_276_800, open: () => Promise.resolve(source) }])[
      Symbol.asyncIterator
    ]();
    await reader.next();
    const closed = new Promise((resolve) => source.once('close', resolve));
    await reader.return?.();
    await closed;
    expect(source.destroyed).toBe(true);
  });
});

describe('the archive of one file', () => {
  test.each([0, 1, 511, 512, 513, 10_000])('can be read by other programs, with %d bytes', async (size) => {
    const content = Buffer.alloc(size, 'c');
    const archive = Buffer.concat(await collect(tarBytes([bytesEntry('name', content)])));
    expect(archive).toHaveLength(oneFileTarBytes(size));
    expect(archive.byteLength % 512).toBe(0);
    expect([...(await readArchive(Readable.from([archive])))]).toEqual([['name', content]]);
  });

  test.each([0o77777777777, 0o77777777777 + 1, 300_000_000_000])(
    'states a size of %d and its owner',
    async (size) => {
      const reader = extract();
      const read = new Promise((resolve) => {
        reader.on('entry', (header) => {
          resolve(header);
        });
      });
      const name = 'f'.repeat(100);
      const first = [Buffer.alloc(300_000)];
      const entry = { ...entryOf(name, size, first), mode: 0o600, mtime: 1_700_000_000 };
      const archive = tarBytes([entry])[Symbol.asyncIterator]();
      reader.write((await archive.next()).value);
      const owned = { uid: 0, gid: 0, mtime: new Date(1_700_000_000_000) };
      expect(await read).toMatchObject({ name, size, type: 'file', mode: 0o600, ...owned });
      reader.destroy();
      await archive.return?.();
    },
  );

  test('rejects a longer name', async () => {
    await expect(collect(tarBytes([bytesEntry('f'.repeat(101), Buffer.alloc(1))]))).rejects.toThrow(
      RangeError,
    );
  });
});
