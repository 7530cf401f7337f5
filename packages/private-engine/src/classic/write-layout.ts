import { createWriteStream } from 'node:fs';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { DrayError, reasonOf, systemErrorCode, type ByteStream, type Descriptor } from '@drayage/core';
import type { LayoutEntry } from './layout-entry.ts';

// The modes that dockerd uses: only root can read layers outside of containers.
const directoryMode = 0o710;
const fileMode = 0o600;

/**
 * Writes a layout into an empty directory, through a path that this process can access.
 * @throws DrayError `DISK_FULL`, `STORE_IO`; errors of `openBlob`
 */
export async function writeLayout(
  root: string,
  entries: readonly LayoutEntry[],
  openBlob: (descriptor: Descriptor) => Promise<ByteStream>,
): Promise<void> {
  const made = new Set<string>();
  const makeDirectory = async (path: string): Promise<void> => {
    if (made.has(path)) return;
    await mkdir(path, { recursive: true, mode: directoryMode });
    made.add(path);
  };
  for (const entry of entries) {
    const path = join(root, entry.path);
    try {
      await makeDirectory(entry.kind === 'directory' ? path : dirname(path));
      await writeEntry(path, entry, openBlob);
    } catch (error) {
      throw cannotWrite(path, error);
    }
  }
}

async function writeEntry(
  path: string,
  entry: LayoutEntry,
  openBlob: (descriptor: Descriptor) => Promise<ByteStream>,
): Promise<void> {
  switch (entry.kind) {
    case 'directory':
      return;
    case 'text':
      return writeFile(path, entry.text, { mode: fileMode });
    case 'bytes':
      return writeFile(path, entry.bytes, { mode: fileMode });
    case 'link':
      return symlink(entry.target, path);
    case 'blob':
      return pipeline(await openBlob(entry.blob), createWriteStream(path, { mode: fileMode }));
  }
}

function cannotWrite(path: string, error: unknown): unknown {
  if (error instanceof DrayError) return error;
  const code = systemErrorCode(error) === 'ENOSPC' ? 'DISK_FULL' : 'STORE_IO';
  return new DrayError(code, `cannot write ${path}: ${reasonOf(error)}`, {
    ...(code === 'DISK_FULL' ? { hint: 'Increase --storage-size, or use a data-root with more space.' } : {}),
    cause: error,
  });
}
