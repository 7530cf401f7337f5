import { open, rename } from 'node:fs/promises';

/** Writes a small file that only root may read: whole and durable, or not at all. */
export async function writeFileAtOnce(file: string, text: string): Promise<void> {
  const partial = `${file}.${process.pid}`;
  const handle = await open(partial, 'w', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(partial, file);
}
