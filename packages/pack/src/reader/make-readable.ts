import { chmod, lstat, readdir } from 'node:fs/promises';

const ownerBits = 0o700;

/** Lets the owner of a tree read and remove all of it, whatever modes it was extracted with. Links are left alone. */
export async function makeReadable(directory: Buffer): Promise<void> {
  await chmod(directory, ownerBits);
  for (const entry of await readdir(directory, { encoding: 'buffer', withFileTypes: true })) {
    const path = Buffer.concat([directory, Buffer.from('/'), entry.name]);
    if (entry.isDirectory()) await makeReadable(path);
    else if (entry.isFile() && ((await lstat(path)).mode & 0o400) === 0) await chmod(path, 0o600);
  }
}
