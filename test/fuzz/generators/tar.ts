import fc from 'fast-check';
import { rawLongName, rawPaxHeader, rawTarEnd, rawTarEntry } from '@drayage/core/testing';

/** An entry as a tar has it, and what a reader must find in it. */
export interface ModelEntry {
  readonly kind: 'file' | 'directory' | 'symlink' | 'fifo' | 'character';
  readonly name: string;
  readonly content: Buffer;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: number;
  readonly linkName: string;
  /** How long names and large numbers are written. */
  readonly style: 'ustar' | 'gnu' | 'pax';
  readonly xattrs: Readonly<Record<string, string>>;
}

const typeFlags = { file: '0', directory: '5', symlink: '2', fifo: '6', character: '3' } as const;
const ids = fc.oneof(fc.nat(70_000), fc.constantFrom(0, 2 ** 21 - 1, 2 ** 21, 2 ** 31, 2 ** 32 - 2));
const nameParts = fc.oneof(
  fc.stringMatching(/^[a-z]{1,6}$/),
  fc.constantFrom(
    '.wh.a',
    '.wh..wh..opq',
    '..',
    '.',
    'ä',
    'x'.repeat(120),
    'y'.repeat(255),
    'a b',
    '\u001b[31m',
  ),
);
const names = fc
  .tuple(fc.array(nameParts, { minLength: 1, maxLength: 4 }), fc.constantFrom('', '', '/', './'))
  .map(([parts, prefix]) => `${prefix}${parts.join('/')}`);

const entries: fc.Arbitrary<ModelEntry> = fc.record({
  kind: fc.constantFrom('file', 'file', 'file', 'directory', 'symlink', 'fifo', 'character'),
  name: names,
  content: fc.oneof(
    fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
    fc.nat(3000).map((length) => Buffer.alloc(length, 'content')),
  ),
  mode: fc.constantFrom(0o644, 0o755, 0o4755, 0o1777, 0),
  uid: ids,
  gid: ids,
  mtime: fc.oneof(fc.nat(), fc.constantFrom(0, 2 ** 31, 2 ** 32 - 1, 2 ** 33)),
  linkName: fc.oneof(names, fc.constantFrom('/etc/passwd', '../..', 'z'.repeat(150))),
  style: fc.constantFrom('ustar', 'gnu', 'pax'),
  xattrs: fc.dictionary(
    fc.constantFrom('user.a', 'security.capability', 'trusted.b'),
    fc.string({ maxLength: 9 }),
    {
      maxKeys: 2,
    },
  ),
});

/** Text as the bytes of a tar are held in strings. */
export function latin1(text: string): string {
  return Buffer.from(text).toString('latin1');
}

/** The bytes of one entry, with the extensions that it needs. */
function entryBytes(entry: ModelEntry): Buffer {
  const { kind, style, mode, uid, gid, mtime } = entry;
  const [name, linkName] = [latin1(entry.name), kind === 'symlink' ? latin1(entry.linkName) : ''];
  const content = kind === 'file' ? entry.content : Buffer.alloc(0);
  const records: Record<string, string> = {};
  for (const [key, value] of Object.entries(entry.xattrs)) records[`SCHILY.xattr.${key}`] = latin1(value);
  if (style === 'pax' || (style === 'ustar' && name.length > 100)) records['path'] = name;
  if (style === 'pax' || (style === 'ustar' && linkName.length > 100)) records['linkpath'] = linkName;
  if (style === 'pax') Object.assign(records, { uid: String(uid), gid: String(gid), mtime: String(mtime) });
  return Buffer.concat([
    ...(Object.keys(records).length === 0 ? [] : [rawPaxHeader(records)]),
    ...(style === 'gnu' && name.length > 100 ? [rawLongName(name)] : []),
    ...(style === 'gnu' && linkName.length > 100 ? [rawLongName(linkName, 'K')] : []),
    rawTarEntry({
      ...{
        name: name.slice(0, 100),
        linkName: linkName.slice(0, 100),
        typeFlag: typeFlags[kind],
        content,
        mode,
      },
      ...(style === 'pax' ? { uid: 0, gid: 0, mtime: 0 } : { uid, gid, mtime }),
      format: style === 'gnu' ? 'gnu' : 'ustar',
      ...(kind === 'character' ? { deviceMajor: 10, deviceMinor: 237 } : {}),
    }),
  ]);
}

/** A whole tar. */
export function tarBytes(list: readonly ModelEntry[]): Buffer {
  return Buffer.concat([...list.map(entryBytes), rawTarEnd()]);
}

export const tars: fc.Arbitrary<readonly ModelEntry[]> = fc.array(entries, { maxLength: 8 });
