import { constants } from 'node:fs';
import { chmod, mkdir, open, type FileHandle } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

/**
 * What is stored gets these modes whatever the umask is: with umask 0, which some CI systems set, other users could
 * change it; with umask 077 a job of another user could not read it.
 */
export const fileMode = 0o644;
const directoryMode = 0o755;

/** Creates a directory and the missing ones above it. Those that exist keep their modes. */
export async function makeDirectory(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: directoryMode });
  if (first === undefined) return;
  for (let made = resolve(path); ; made = dirname(made)) {
    // Not all file systems have modes; then the mount options decide.
    await chmod(made, directoryMode).catch(() => undefined);
    if (made === resolve(first) || made === dirname(made)) return;
  }
}

/** Gives an open file the mode of what is stored, as far as its file system has modes. */
export async function setFileMode(handle: FileHandle): Promise<void> {
  await handle.chmod(fileMode).catch(() => undefined);
}

/** The same for a file that is not open. Does not follow a link, which could lead to a file outside the bundle. */
export async function setModeOf(path: string): Promise<void> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW).catch(() => undefined);
  if (handle === undefined) return;
  try {
    await setFileMode(handle);
  } finally {
    await handle.close();
  }
}
