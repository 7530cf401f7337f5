import { chmod, lstat, readdir } from 'node:fs/promises';

const ownerBits = 0o700;

/** Changes modes so that the owner can read and remove the whole tree. Does not follow links. */
export async function makeReadable(directory: Buffer): Promise<void> {
  await chmod(directory, ownerBits);
  for (const entry of await readdir(directory, { encoding: 'buffer', withFileTypes: true })) {
    const path = Buffer.concat([directory, Buffer.from('/'), entry.name]);
    if (entry.isDirectory()) await makeReadable(path);
    else if (entry.isFile() && ((await lstat(path)).mode & 0o400) === 0) await chmod(path, 0o600);
  }
}
