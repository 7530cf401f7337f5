import { createReadStream, statSync } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { pack, type Pack } from 'tar-stream';

import { fillerBytes, type Filler } from './filler.ts';

/** What a file of a layer holds: text, bytes, a file of this machine, or made-up bytes. */
export type Content = string | Uint8Array | { readonly file: string } | Filler;

/** One entry of a layer. Folders above it need no entry. */
export type LayerEntry =
  | { readonly path: string; readonly content: Content; readonly mode?: number }
  | { readonly path: string; readonly linkTo: string }
  | { readonly path: string; readonly directory: true; readonly mode?: number };

type TarHeader = Parameters<Pack['entry']>[0];

/** Makes the tar of a layer: same entries, same bytes. */
export function layerTar(entries: readonly LayerEntry[]): Pack {
  const tar = pack();
  addAll(tar, entries).then(
    () => {
      tar.finalize();
    },
    (error: unknown) => {
      tar.destroy(error instanceof Error ? error : new Error(String(error)));
    },
  );
  return tar;
}

async function addAll(tar: Pack, entries: readonly LayerEntry[]): Promise<void> {
  for (const entry of entries) {
    const header = { name: entry.path, mtime: new Date(0), uid: 0, gid: 0 };
    if ('linkTo' in entry) {
      addWhole(tar, { ...header, type: 'symlink', linkname: entry.linkTo, mode: 0o777 });
    } else if ('directory' in entry) {
      addWhole(tar, { ...header, type: 'directory', mode: entry.mode ?? 0o755 });
    } else {
      await addFile(tar, { ...header, mode: entry.mode ?? 0o644 }, entry.content);
    }
  }
}

function addWhole(tar: Pack, header: TarHeader, content: string | Buffer = ''): void {
  tar.entry(header, content);
}

const SMALL_BYTES = 256 * 1024;

async function addFile(tar: Pack, header: TarHeader, content: Content): Promise<void> {
  // A pipeline for each of many small files would take most of the time.
  if (isFiller(content) && content.sizeBytes <= SMALL_BYTES) {
    addWhole(tar, { ...header, type: 'file' }, Buffer.concat([...copied(fillerBytes(content))]));
    await new Promise((resolve) => setImmediate(resolve));
    return;
  }
  const { sizeBytes, stream } = openContent(content);
  await pipeline(stream, tar.entry({ ...header, type: 'file', size: sizeBytes }));
}

function openContent(content: Content): { sizeBytes: number; stream: Readable } {
  if (typeof content === 'string') return openContent(Buffer.from(content));
  if (content instanceof Uint8Array) return { sizeBytes: content.length, stream: Readable.from([content]) };
  if ('file' in content) {
    return { sizeBytes: statSync(content.file).size, stream: createReadStream(content.file) };
  }
  return { sizeBytes: content.sizeBytes, stream: Readable.from(copied(fillerBytes(content))) };
}

function isFiller(content: Content): content is Filler {
  return typeof content === 'object' && 'seed' in content;
}

function* copied(blocks: Iterable<Uint8Array>): Generator<Uint8Array> {
  for (const block of blocks) yield Buffer.from(block);
}
