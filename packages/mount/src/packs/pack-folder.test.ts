import { describe, expect, test } from '@jest/globals';
import { digestOf, hexOf } from '@drayage/core';
import { layerTree, mountedPacks, packFolder, packMountPoint } from './pack-folder.ts';

describe('the folder for mounted packs', () => {
  const folder = packFolder('c58123fa-3b68-4ccb-b334-40e182f5eb01');
  const pack = digestOf('pack');

  test('differs for each containerd, and is safe for any UUID', () => {
    expect(packFolder('../../a b')).toBe('/run/drayage/live/ab');
    expect(folder).toBe('/run/drayage/live/c58123fa-3b68-4ccb-b334-40e182f5eb01');
  });

  test('finds only its own packs in mountinfo', () => {
    const mount = (point: string): string => `1 2 7:0 / ${point} ro - squashfs /dev/loop0 ro`;
    const mountinfo = [
      mount(packMountPoint(folder, pack)),
      mount(packMountPoint(packFolder('other'), digestOf('theirs'))),
      mount(`${packMountPoint(folder, digestOf('deep'))}/in`),
    ].join('\n');
    expect([...mountedPacks(folder, mountinfo)]).toEqual([pack]);
  });

  test('has one tree per layer', () => {
    expect(layerTree(folder, pack, digestOf('layer'))).toBe(
      `${folder}/${hexOf(pack)}/${hexOf(digestOf('layer'))}`,
    );
  });
});
