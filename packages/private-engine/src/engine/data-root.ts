import { mkdir, readdir, realpath, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DrayError, reasonOf, systemErrorCode, UsageError } from '@drayage/core';
import { checkNotForeign } from './compatibility.ts';
import { isDiskName } from './state.ts';
import { enginePaths, type EnginePaths } from '../lock/engine-paths.ts';

/**
 * Creates the directory of a private engine if it is missing, and decides its paths. Does not touch a
 * directory that belongs to another program.
 * @throws DrayError `DATA_ROOT_INCOMPATIBLE`, `STORE_IO`; UsageError `USAGE`
 */
export async function openDataRoot(dataRoot: string): Promise<EnginePaths> {
  try {
    await mkdir(dataRoot, { recursive: true, mode: 0o711 });
    const places = await findDataRoot(dataRoot);
    if (places === undefined)
      throw new DrayError('STORE_IO', `cannot use data-root ${dataRoot}: it disappeared`);
    checkNotForeign(places.dataRoot, await readdir(places.dataRoot));
    await mkdir(places.own, { recursive: true, mode: 0o700 });
    return places;
  } catch (error) {
    if (error instanceof DrayError) throw error;
    throw new DrayError('STORE_IO', `cannot use data-root ${dataRoot}: ${reasonOf(error)}`, {
      hint: 'Choose a directory that root can write to with --data-root.',
      cause: error,
    });
  }
}

/**
 * The paths of the private engine in a directory; undefined if there is no such directory. Changes nothing.
 * @throws UsageError `USAGE`
 */
export async function findDataRoot(dataRoot: string): Promise<EnginePaths | undefined> {
  try {
    const real = await realpath(dataRoot);
    if (/[,:\s"'\\]/.test(real)) {
      throw new UsageError(
        'USAGE',
        `cannot use data-root ${real}: its path contains characters that overlay mounts do not allow`,
        {
          hint: 'Choose a path without spaces, commas, colons, quotes and backslashes.',
        },
      );
    }
    const { dev, ino } = await stat(real);
    return enginePaths(real, `${dev}:${ino}`);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT' || systemErrorCode(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** Removes all engine data. Only call with the lock. */
export async function wipeData(places: EnginePaths): Promise<void> {
  const disks = (await readdir(places.own)).filter(isDiskName).map((name) => join(places.own, name));
  for (const path of [places.data, ...disks, places.packs, places.state])
    await rm(path, { recursive: true, force: true });
}
