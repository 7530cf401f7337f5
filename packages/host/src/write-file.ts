import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { describeDiskFull } from '@drayage/core';

/**
 * Writes a small file atomically and flushes it to disk. By default only the owner can read it.
 * @throws DrayError `DISK_FULL`; system errors
 */
export async function writeFileAtOnce(file: string, text: string, mode = 0o600): Promise<void> {
  const partial = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    const handle = await open(partial, 'wx', mode);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(partial, file);
  } catch (error) {
    await rm(partial, { force: true });
    throw describeDiskFull(error, file);
  }
}
