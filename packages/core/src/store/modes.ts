import { constants } from 'node:fs';
import { chmod, mkdir, open, type FileHandle } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

/**
 * Everything stored gets these modes, regardless of the umask. With umask 0, which some CI systems set, other
 * users could change it; with umask 077, another user's job could not read it.
 */
export const fileMode = 0o644;
const directoryMode = 0o755;

/** Creates a directory and its missing parents. Existing ones keep their modes. */
export async function makeDirectory(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: directoryMode });
  if (first === undefined) return;
  for (let made = resolve(path); ; made = dirname(made)) {
    // Some file systems have no modes; there the mount options decide.
    await chmod(made, directoryMode).catch(() => undefined);
    if (made === resolve(first) || made === dirname(made)) return;
  }
}

/** Sets the mode of stored files on an open file, if its file system has modes. */
export async function setFileMode(handle: FileHandle): Promise<void> {
  await handle.chmod(fileMode).catch(() => undefined);
}

/** Like {@link setFileMode}, by path. Does not follow a link, which could lead out of the bundle. */
export async function setModeOf(path: string): Promise<void> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW).catch(() => undefined);
  if (handle === undefined) return;
  try {
    await setFileMode(handle);
  } finally {
    await handle.close();
  }
}
