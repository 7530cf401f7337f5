import { describe, expect, test } from '@jest/globals';
import { noExtensions, describeEntry } from '../tar/describe-entry.ts';
import { parseHeaderBlock } from '../tar/header-block.ts';
import { parsePaxRecords } from '../tar/pax-records.ts';
import type { TarEntry } from '../tar/tar-entry.ts';
import { TarParser } from '../tar/tar-parser.ts';
import { LayerTree } from './layer-tree.ts';
import { formatHeader, type PackEntry } from './write-header.ts';
import { abilities } from './xattrs.ts';

const edges = [0, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 2, 2 ** 32 - 1];
const keeps = 2 ** 32 - 1;

const plain: TarEntry = {
  ...{ name: 'file', type: 'file', mode: 0o644, uid: 0, gid: 0, mtime: { seconds: 0, nanoseconds: 0 } },
  ...{ size: 0, storedSize: 0, linkName: '', deviceMajor: 0, deviceMinor: 0 },
  ...{ xattrs: new Map(), fragments: undefined },
};

describe('numbers at the edges of their types', () => {
  test.each(edges)('an owner %d is kept, or is root where it means "unchanged"', (id) => {
    const expected = id === keeps ? 0 : id;
    expect(inPack({ ...plain, uid: id, gid: id })).toMatchObject([{ uid: expected, gid: expected }]);
    const directory = { ...plain, name: 'directory', type: 'directory', uid: id, gid: id } as const;
    expect(inPack(directory).find(({ name }) => name === 'top/directory')).toMatchObject({
      uid: expected,
      gid: expected,
    });
  });

  test.each(edges)('a time of %d seconds is kept', (seconds) => {
    expect(inPack({ ...plain, mtime: { seconds, nanoseconds: 0 } })).toMatchObject([{ mtime: { seconds } }]);
  });

  test('a time beyond 32 bits becomes the last one, one before 1970 the first', () => {
    expect(inPack({ ...plain, mtime: { seconds: 2 ** 32, nanoseconds: 5 } })).toMatchObject([
      { mtime: { seconds: 2 ** 32 - 1, nanoseconds: 0 } },
    ]);
    expect(inPack({ ...plain, mtime: { seconds: -1, nanoseconds: 0 } })).toMatchObject([
      { mtime: { seconds: 0 } },
    ]);
  });

  test.each(edges)('a size of %d bytes is kept', (size) => {
    expect(entryOf(formatted({ ...plain, size, storedSize: size }))).toMatchObject({ size });
  });

  test('a directory that is there again, and a link, keep the owner where it means "unchanged"', () => {
    const directory = { ...plain, name: 'd', type: 'directory' } as const;
    const again = inPack({ ...directory, uid: 7, gid: 8 }, { ...directory, uid: keeps, gid: keeps });
    expect(again.find(({ name }) => name === 'top/d')).toMatchObject({ uid: 7, gid: 8 });
    const link = { ...plain, name: 'link', type: 'hardlink', linkName: 'file', uid: keeps, gid: 8 } as const;
    expect(inPack({ ...plain, uid: 7, gid: 8 }, link)).toHaveLength(2);
  });

  test.each([-1, 2 ** 32])('an owner %d is refused', (uid) => {
    expect(() => inPack({ ...plain, uid })).toThrow('its owner is not a 32-bit number');
  });
});

/** What the pack gets of entries; of a lone file the file only. */
function inPack(...entries: readonly TarEntry[]): readonly TarEntry[] {
  const tree = new LayerTree('top', abilities.squashfs);
  const headers = entries.map((entry) => tree.add(entry)).filter((header) => header !== undefined);
  const rest = [...tree.finish()];
  return parsed(Buffer.concat(headers.length > 0 ? headers : rest));
}

function parsed(tar: Buffer): readonly TarEntry[] {
  const found: TarEntry[] = [];
  const parser = new TarParser({
    entry: (entry) => void found.push(entry),
    content: () => undefined,
    contentEnd: () => undefined,
    trailer: () => undefined,
  });
  parser.push(tar);
  parser.push(Buffer.alloc(1024));
  parser.end();
  return found;
}

function formatted(entry: TarEntry): Buffer {
  return formatHeader({ ...entry, path: 'top/file', type: 'file' } satisfies PackEntry);
}

/** Of a lone header, whose content does not follow. */
function entryOf(bytes: Buffer): TarEntry {
  const header = parseHeaderBlock(bytes.subarray(-512));
  const extensions = { ...noExtensions, records: parsePaxRecords(Buffer.alloc(0)) };
  return describeEntry('file', header, extensions, header.size, undefined);
}
