import { describe, expect, test } from '@jest/globals';
import { digestOf, hexOf } from '../image/digest.ts';
import { rejectionCode } from '../testing/contracts/contract.ts';
import { checkPackRoot, packRootFault, type EntryKind, type PackRootEntry } from './pack-root.ts';

const diffIds = [digestOf('one'), digestOf('two')] as const;
const trees: readonly PackRootEntry[] = diffIds.map((diffId) => ({ name: hexOf(diffId), kind: 'directory' }));

describe('the root of a pack', () => {
  test('is accepted with one directory per layer and nothing else', () => {
    expect(packRootFault({ entries: trees, diffIds })).toBeUndefined();
    expect(packRootFault({ entries: trees.toReversed(), diffIds })).toBeUndefined();
    expect(packRootFault({ entries: trees, diffIds: undefined })).toBeUndefined();
    expect(packRootFault({ entries: [], diffIds: [] })).toBeUndefined();
  });

  const kinds: readonly EntryKind[] = [
    'symbolic link',
    'regular file',
    'block device',
    'character device',
    'fifo',
    'socket',
    'mount point',
    'unknown entry',
  ];
  test.each(kinds)('is refused for a %s, even in place of a layer', (kind) => {
    const inPlace = [...trees.slice(1), { name: hexOf(diffIds[0]), kind }];
    expect(packRootFault({ entries: inPlace, diffIds })).toContain(`${hexOf(diffIds[0])}" is a ${kind}`);
    expect(packRootFault({ entries: inPlace, diffIds: undefined })).toContain(kind);
    expect(packRootFault({ entries: [...trees, { name: 'x', kind }], diffIds })).toContain(
      `"x" is a ${kind}`,
    );
  });

  test.each([
    'etc',
    'lost+found',
    hexOf(diffIds[0]).toUpperCase(),
    hexOf(diffIds[0]).slice(1),
    `${hexOf(diffIds[0])}\n`,
  ])('is refused for the directory %j', (name) => {
    const entries = [...trees, { name, kind: 'directory' as const }];
    expect(packRootFault({ entries, diffIds })).toContain('not named like a layer');
    expect(packRootFault({ entries, diffIds: undefined })).toContain('not named like a layer');
  });

  test('is refused for an unlisted layer, a missing layer and a duplicate layer', () => {
    const [first] = diffIds;
    expect(packRootFault({ entries: trees, diffIds: [first] })).toContain('does not list');
    expect(packRootFault({ entries: trees.slice(1), diffIds })).toContain(
      `lacks the directory of its layer ${hexOf(first)}`,
    );
    expect(packRootFault({ entries: [...trees, ...trees], diffIds })).toContain('twice');
  });

  test('is refused with an error that names the pack, the entry and its kind, without control characters', async () => {
    const pack = digestOf('pack');
    const entries = [{ name: 'a\u001B[2Jb', kind: 'fifo' as const }];
    const check = async (): Promise<void> => checkPackRoot({ pack, entries, diffIds: [] });
    expect(await rejectionCode(check())).toBe('PACK_INVALID');
    await expect(check()).rejects.toThrow(`cannot use pack ${pack}: its entry "a [2Jb" is a fifo`);
    expect(() => checkPackRoot({ pack, entries: trees, diffIds })).not.toThrow();
  });
});
