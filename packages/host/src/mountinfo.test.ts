import { describe, expect, test } from '@jest/globals';
import { parseMountinfo } from './mountinfo.ts';

const lines = [
  '22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/root rw',
  String.raw`40 22 0:35 /in\040side /mnt/a\040b\134c rw - tmpfs tmp\040fs rw`,
  '41 22 7:0 / /x ro,nosuid shared:5 master:2 - squashfs /dev/loop0 ro,errors=continue',
  '',
  'nonsense',
];

describe('mountinfo', () => {
  test('parses root, mount point, file system, source and read-only flag, and decodes escapes', () => {
    expect(parseMountinfo(lines.join('\n'))).toEqual([
      { root: '/', mountPoint: '/', filesystem: 'ext4', source: '/dev/root', isReadOnly: false },
      {
        root: '/in side',
        mountPoint: String.raw`/mnt/a b\c`,
        filesystem: 'tmpfs',
        source: 'tmp fs',
        isReadOnly: false,
      },
      { root: '/', mountPoint: '/x', filesystem: 'squashfs', source: '/dev/loop0', isReadOnly: true },
    ]);
  });
});
