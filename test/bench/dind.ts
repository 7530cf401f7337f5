import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { createDirectoryTransport, readBundleIndex, readPacks } from '@drayage/core/bundle';
import { hexOf } from '@drayage/core';

import { drayJson } from '../support/dray.ts';
import { makeFolder, removeFolder } from '../support/folders.ts';
import { mountExt4 } from '../support/mounts.ts';
import { run, runOrThrow } from '../support/processes.ts';
import { compare, formatTimings, type Contender } from './compare.ts';

/** Where things are, and what is mounted. */
interface HandoverLocations {
  /** A pre-populated image as its container sees it: an overlay on a disk. */
  readonly container: string;
  /** The volume of an engine in that container, on a separate disk. */
  readonly volume: string;
  readonly volumeDisk: string;
  readonly mount: string;
}

/**
 * What a pre-populated docker-in-docker does before its engine can start: mount its cache out of the image,
 * or copy it into a volume. Cold, both disks being loop-mounted ext4.
 */
export async function benchDind(references: readonly string[], rounds: number): Promise<string> {
  const folder = makeFolder();
  try {
    const bundle = join(folder, 'bundle');
    await drayJson('prepull', [...references, '--form', 'packs', '--bundle', bundle]);
    const files = await packFiles(bundle);
    const places = await preparePlaces(folder, files);
    const megabytes = files.reduce((sum, file) => sum + statSync(file).size, 0) / 1e6;
    const work = `${String(references.length)} images, ${String(files.length)} pack, ${megabytes.toFixed(0)} MB`;
    const timings = await compare(contenders(places, files.length), rounds);
    return formatTimings(`a baked dind gets at its images (${work}; cold; overlay on ext4 → ext4)`, timings);
  } finally {
    await removeFolder(folder);
  }
}

/** The file system images of a bundle. */
async function packFiles(bundle: string): Promise<readonly string[]> {
  const { blobs, documents } = createDirectoryTransport(bundle);
  const index = await readBundleIndex(documents);
  const packs = await readPacks(blobs, index?.packs ?? []);
  return packs.map(({ image }) => join(bundle, 'blobs/sha256', hexOf(image.digest)));
}

async function preparePlaces(folder: string, packs: readonly string[]): Promise<HandoverLocations> {
  const [disk, container, volume, mount] = ['image', 'container', 'volume', 'mount'].map((name) => {
    const path = join(folder, name);
    mkdirSync(path);
    return path;
  });
  if (disk === undefined || container === undefined || volume === undefined || mount === undefined)
    throw new Error('cannot happen: four names give four paths');
  await mountExt4(join(folder, 'image.disk'), disk);
  for (const [position, pack] of packs.entries()) {
    const lower = join(disk, 'lower');
    mkdirSync(join(lower, 'packs'), { recursive: true });
    await runOrThrow('cp', [pack, join(lower, 'packs', String(position))]);
    await runOrThrow('unsquashfs', [
      '-quiet',
      '-no-progress',
      '-dest',
      join(lower, `layers${String(position)}`),
      pack,
    ]);
  }
  for (const name of ['upper', 'work']) mkdirSync(join(disk, name));
  const layers = `lowerdir=${disk}/lower,upperdir=${disk}/upper,workdir=${disk}/work`;
  await runOrThrow('mount', ['-t', 'overlay', 'overlay', '-o', layers, container]);
  return { container, volume, mount, volumeDisk: join(folder, 'volume.disk') };
}

function contenders(places: HandoverLocations, packs: number): readonly Contender[] {
  const { container, volume, mount } = places;
  const prepare = (): Promise<void> => emptyVolume(places, packs);
  const mountAll = async (from: string): Promise<void> => {
    for (let position = 0; position < packs; position += 1) {
      const at = join(mount, String(position));
      mkdirSync(at, { recursive: true });
      await runOrThrow('mount', ['-t', 'squashfs', '-o', 'loop,ro', join(from, String(position)), at]);
      await runOrThrow('ls', [at]);
    }
  };
  return [
    { name: 'packs mounted out of the image', prepare, run: () => mountAll(join(container, 'packs')) },
    {
      name: 'packs copied into a volume, then mounted',
      prepare,
      run: async () => {
        await runOrThrow('cp', ['-a', join(container, 'packs'), volume]);
        await mountAll(join(volume, 'packs'));
      },
    },
    {
      name: 'extracted layers copied into a volume',
      prepare,
      run: async () => {
        for (let position = 0; position < packs; position += 1)
          await runOrThrow('cp', ['-a', join(container, `layers${String(position)}`), volume]);
      },
    },
  ];
}

/** A volume that nothing was ever written to, and nothing in the page cache. */
async function emptyVolume({ volume, volumeDisk, mount }: HandoverLocations, packs: number): Promise<void> {
  for (let position = 0; position < packs; position += 1)
    await run('umount', [join(mount, String(position))]);
  await run('umount', [volume]);
  await mountExt4(volumeDisk, volume);
  await runOrThrow('sync', []);
  writeFileSync('/proc/sys/vm/drop_caches', '3');
}
