import { describe, expect, test } from '@jest/globals';
import { chooseStorage, withFailure, type StorageFacts } from './choose.ts';
import { filesystemAt } from './probe.ts';

const fine: StorageFacts = {
  filesystem: 'ext4',
  overlayHere: undefined,
  overlayAnywhere: undefined,
  loopExt4: undefined,
  fuseOverlayfs: undefined,
  freeBytes: 1e11,
  memoryBytes: 8e9,
};
const onOverlay: StorageFacts = { ...fine, filesystem: 'overlay', overlayHere: 'wrong fs type' };
const noOverlay: StorageFacts = { ...onOverlay, overlayAnywhere: 'not permitted' };
const nothing: StorageFacts = { ...noOverlay, fuseOverlayfs: 'no /dev/fuse' };

describe('the storage backend', () => {
  test.each([
    ['a real file system', fine, 'overlay2', []],
    ['an overlay', onOverlay, 'loop-ext4', ['overlay2']],
    [
      'an overlay without loop devices',
      { ...onOverlay, loopExt4: 'no loop devices' },
      'fuse-overlayfs',
      ['overlay2', 'loop-ext4', 'tmpfs'],
    ],
    ['a kernel that refuses overlay', noOverlay, 'fuse-overlayfs', ['overlay2', 'loop-ext4', 'tmpfs']],
    ['nothing at all', nothing, 'vfs', ['overlay2', 'loop-ext4', 'tmpfs', 'fuse-overlayfs']],
  ] as const)('on %s is chosen, and better ones are rejected', (_, facts, backend, rejected) => {
    const choice = chooseStorage(facts, 'auto');
    expect(choice.backend).toBe(backend);
    expect(choice.rejected.map((other) => other.backend)).toEqual(rejected);
    for (const { reason } of [choice, ...choice.rejected]) expect(reason).not.toBe('');
  });

  test('vfs warns about its cost', () => {
    expect(chooseStorage(nothing, 'auto').warnings).toHaveLength(1);
    expect(chooseStorage(fine, 'auto').warnings).toEqual([]);
  });

  test.each(['overlay2', 'loop-ext4', 'tmpfs', 'fuse-overlayfs', 'vfs'] as const)(
    '%s is used on request if it works',
    (wish) => {
      expect(chooseStorage(fine, wish).backend).toBe(wish);
    },
  );

  test.each([
    ['overlay2', onOverlay, 'loop-ext4'],
    ['loop-ext4', noOverlay, 'fuse-overlayfs'],
    ['fuse-overlayfs', nothing, 'vfs'],
    ['tmpfs', { ...fine, memoryBytes: 1e6 }, 'overlay2'],
  ] as const)('%s is rejected if it does not work, naming one that does', (wish, facts, wouldWork) => {
    const refused = { code: 'STORAGE_UNAVAILABLE', details: { backend: wish, wouldWork } };
    expect(() => chooseStorage(facts, wish)).toThrow(expect.objectContaining({ code: refused.code }));
    expect(() => chooseStorage(facts, wish)).toThrow(
      expect.objectContaining({ details: expect.objectContaining(refused.details) }),
    );
  });

  test('that fails during set-up is replaced by the next', () => {
    const failed = withFailure(onOverlay, 'loop-ext4', 'mount failed');
    expect(chooseStorage(failed, 'auto').backend).toBe('fuse-overlayfs');
    const failedToo = withFailure(failed, 'fuse-overlayfs', 'mount failed');
    expect(chooseStorage(failedToo, 'auto').backend).toBe('vfs');
  });
});

describe('the file system of a path', () => {
  const table = [
    '1 0 0:1 / / rw - overlay overlay rw',
    '2 1 0:2 / /var rw - ext4 /dev/a rw',
    '3 2 0:3 / /var/lib rw - xfs /dev/b rw',
    '4 2 0:4 / /var/lib rw - tmpfs x rw',
  ].join('\n');

  test.each([
    ['/', 'overlay'],
    ['/variable', 'overlay'],
    ['/var/log', 'ext4'],
    ['/var/lib', 'tmpfs'],
    ['/var/lib/drayage', 'tmpfs'],
  ])('%s is %s', (path, filesystem) => {
    expect(filesystemAt(path, table)).toBe(filesystem);
  });
});
