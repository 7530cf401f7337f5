import { describe, expect, test } from '@jest/globals';
import { DrayError } from '../errors.ts';
import { digestOf, hexOf, type Digest } from '../image/digest.ts';
import { blobPath } from '../store/layout.ts';
import { packMediaTypes, type Pack } from './pack-types.ts';
import type { PackRootEntry } from './pack-root.ts';
import { verifyPackRoots, type PackRootLister } from './verify-pack-roots.ts';

const diffId = digestOf('layer');
const packs = ['good', 'bad', 'unreadable', 'unknown'].map(packOf);
const [good, bad, unreadable, unknown] = packs.map(({ image }) => image.digest);

function packOf(name: string): Pack {
  const image = { mediaType: packMediaTypes.squashfs, digest: digestOf(name), size: 1 };
  const layer = { diffId, size: 1, tarSize: 1, entries: 1, tarSplit: image };
  return { manifest: image, config: image, image, filesystem: 'squashfs', layers: [layer] };
}

/** Lists the roots of two packs, by their files. */
const lister: PackRootLister = {
  async listRoot(file, filesystem) {
    const found = new Map<string, readonly PackRootEntry[]>([
      [pathOf(good), [{ name: hexOf(diffId), kind: 'directory' }]],
      [pathOf(bad), [{ name: hexOf(diffId), kind: 'symbolic link' }]],
    ]).get(file);
    if (found !== undefined && filesystem === 'squashfs') return found;
    if (file === pathOf(unreadable)) throw new DrayError('PACK_INVALID', 'cannot list it: not a squashfs');
    throw new DrayError('PACK_TOOL_MISSING', 'cannot list it: program not found');
  },
};

function pathOf(digest: Digest | undefined): string {
  return blobPath('/bundle', digest ?? diffId);
}

describe('the packs of a bundle', () => {
  test('are checked by their root entries, and those that cannot be listed are named', async () => {
    const { faults, unchecked } = await verifyPackRoots('/bundle', packs, lister, undefined);
    expect(faults.map(({ digest, error }) => [digest, error.code])).toEqual([
      [bad, 'PACK_INVALID'],
      [unreadable, 'PACK_INVALID'],
    ]);
    expect(faults[0]?.error.message).toContain('symbolic link');
    expect(unchecked).toEqual([{ pack: unknown, reason: 'cannot list it: program not found' }]);
  });

  test('are all unchecked when the program is missing', async () => {
    const { faults, unchecked } = await verifyPackRoots('/bundle', packs, undefined, undefined);
    expect(faults).toEqual([]);
    expect(unchecked.map(({ pack }) => pack)).toEqual([good, bad, unreadable, unknown]);
  });

  test('are not checked after an abort', async () => {
    const stopped: PackRootLister = {
      listRoot: () => Promise.reject(new DrayError('ABORTED', 'cannot list it: stopped')),
    };
    await expect(verifyPackRoots('/bundle', packs, stopped, undefined)).rejects.toMatchObject({
      code: 'ABORTED',
    });
  });
});
