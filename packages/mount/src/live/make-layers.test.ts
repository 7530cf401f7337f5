import { describe, expect, test } from '@jest/globals';
import { snapshotDirectory } from './make-layers.ts';

const thrownBy = (work: () => unknown): unknown => {
  try {
    return work();
  } catch (error) {
    return error;
  }
};

describe('the directory of a snapshot', () => {
  test('is the bind source at the bottom of a chain, and the upperdir above', () => {
    expect(snapshotDirectory([{ type: 'bind', source: '/s/1/fs', options: ['rw', 'rbind'] }])).toBe(
      '/s/1/fs',
    );
    const options = ['index=off', 'workdir=/s/2/work', 'upperdir=/s/2/fs', 'lowerdir=/s/1/fs'];
    expect(snapshotDirectory([{ type: 'overlay', source: 'overlay', options }])).toBe('/s/2/fs');
  });

  test('is an error for other kinds of snapshotters', () => {
    for (const mounts of [
      [],
      [{ type: 'btrfs', source: '/dev/sda', options: [] }],
      [{ type: 'overlay', source: 'overlay', options: ['lowerdir=/s/1/fs'] }],
      [{ type: 'fuse3.fuse-overlayfs', source: 'overlay', options: ['upperdir=/s/2/fs'] }],
    ]) {
      expect(thrownBy(() => snapshotDirectory(mounts))).toMatchObject({ code: 'MOUNT_UNAVAILABLE' });
    }
  });
});
