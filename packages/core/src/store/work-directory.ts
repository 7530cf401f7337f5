import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeStoreDirectories } from './layout.ts';
import { makeDirectory } from './modes.ts';
import { ownedName, ownerState, parseOwnedName } from './owner.ts';
import { isRealDirectory } from './safe-file.ts';
import { storeIoError } from './store-error.ts';

const key = 'work';

/** Where the temporary directories of a bundle are. */
export function workParent(dir: string): string {
  return join(dir, '.dray', 'work');
}

/**
 * A new temporary directory in the bundle `dir`; first removes what dead processes left there. @throws
 * DrayError `STORE_IO`, `BUNDLE_UNSAFE`
 */
export async function makeWorkDirectory(dir: string): Promise<string> {
  await makeStoreDirectories(dir);
  const parent = workParent(dir);
  const path = join(parent, ownedName(key));
  try {
    if (!(await isRealDirectory(parent))) await makeDirectory(parent);
    for (const name of await readdir(parent)) {
      const owner = parseOwnedName(name);
      if (owner !== undefined && ownerState(owner) === 'dead') {
        await rm(join(parent, name), { recursive: true, force: true });
      }
    }
    await mkdir(path, { mode: 0o700 });
    return path;
  } catch (error) {
    throw storeIoError('create directory', path, error);
  }
}
