import type { ByteStream, Descriptor } from '@drayage/core';
import { tarEnd, tarHeader, tarPadding } from '@drayage/core/bundle';
import type { LayoutEntry } from './layout-entry.ts';

// The modes that dockerd uses: only root can read layers outside of containers.
const directoryMode = 0o710;
const fileMode = 0o600;

/**
 * Writes a layout and its parent directories as a tar. The same entries give the same bytes.
 * @throws the errors of `openBlob`
 */
export async function* layoutTar(
  entries: readonly LayoutEntry[],
  openBlob: (descriptor: Descriptor) => Promise<ByteStream>,
): ByteStream {
  const made = new Set<string>();
  for (const entry of entries) {
    for (const path of directoriesOf(entry)) {
      if (made.has(path)) continue;
      made.add(path);
      yield tarHeader({ path: `${path}/`, type: 'directory', mode: directoryMode });
    }
    yield* tarEntry(entry, openBlob);
  }
  yield tarEnd();
}

/** Outermost first. */
function directoriesOf({ kind, path }: LayoutEntry): readonly string[] {
  const parts = path.split('/');
  const depth = kind === 'directory' ? parts.length : parts.length - 1;
  return parts.slice(0, depth).map((_, position) => parts.slice(0, position + 1).join('/'));
}

async function* tarEntry(
  entry: LayoutEntry,
  openBlob: (descriptor: Descriptor) => Promise<ByteStream>,
): ByteStream {
  const { path } = entry;
  switch (entry.kind) {
    case 'directory':
      return;
    case 'link':
      yield tarHeader({ path, type: 'symlink', mode: 0o777, linkName: entry.target });
      return;
    case 'text':
      yield* tarFile(path, Buffer.from(entry.text));
      return;
    case 'bytes':
      yield* tarFile(path, entry.bytes);
      return;
    case 'blob': {
      const { size } = entry.blob;
      yield tarHeader({ path, type: 'file', mode: fileMode, size });
      yield* await openBlob(entry.blob);
      yield tarPadding(size);
    }
  }
}

function* tarFile(path: string, bytes: Uint8Array): Generator<Uint8Array> {
  yield tarHeader({ path, type: 'file', mode: fileMode, size: bytes.length });
  yield bytes;
  yield tarPadding(bytes.length);
}
