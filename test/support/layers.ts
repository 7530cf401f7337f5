import { spawn } from 'node:child_process';
import { createHash, type Hash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { Duplex, PassThrough, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

import { layerTar, type LayerEntry } from './layer-entries.ts';

/** How a layer is stored. */
export type Compression = 'gzip' | 'zstd' | 'none';

/** A layer as it is stored, in a file of this machine. */
export interface BuiltLayer {
  readonly file: string;
  /** Of the stored bytes. */
  readonly digest: string;
  readonly sizeBytes: number;
  /** Of the tar. */
  readonly diffId: string;
  readonly uncompressedBytes: number;
  readonly compression: Compression;
}

/** Writes a layer into a folder, under the name of its digest. Nothing large is held in memory. */
export async function buildLayer(
  folder: string,
  entries: readonly LayerEntry[],
  compression: Compression,
): Promise<BuiltLayer> {
  const unfinished = join(folder, `layer-${String(unfinishedLayers++)}`);
  const tar = meter();
  const stored = meter();
  const compressor = makeCompressor(compression);
  await pipeline(layerTar(entries), tar.stream, compressor, stored.stream, createWriteStream(unfinished));
  const file = join(folder, stored.digest().replace(':', '-'));
  await rename(unfinished, file);
  return {
    file,
    digest: stored.digest(),
    sizeBytes: stored.bytes(),
    diffId: tar.digest(),
    uncompressedBytes: tar.bytes(),
    compression,
  };
}

let unfinishedLayers = 0;

/** Fast rather than small: images of tests are built more often than they are moved. */
function makeCompressor(compression: Compression): Duplex {
  switch (compression) {
    case 'gzip':
      return createGzip({ level: 1 });
    case 'zstd':
      return zstd();
    case 'none':
      return new PassThrough();
  }
}

/** Node.js 20 has no built-in zstd. */
function zstd(): Duplex {
  const child = spawn('zstd', ['-1', '--stdout', '--quiet'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const duplex = Duplex.from({ writable: child.stdin, readable: child.stdout });
  child.once('error', (error) => duplex.destroy(error));
  return duplex;
}

interface Meter {
  readonly stream: Transform;
  digest(): string;
  bytes(): number;
}

function meter(): Meter {
  const hash = createHash('sha256');
  let bytes = 0;
  let digest: string | undefined;
  return {
    stream: new Transform({
      transform(chunk: Uint8Array, _encoding, done) {
        hash.update(chunk);
        bytes += chunk.length;
        done(null, chunk);
      },
    }),
    digest: () => (digest ??= finishDigest(hash)),
    bytes: () => bytes,
  };
}

function finishDigest(hash: Hash): string {
  return `sha256:${hash.digest('hex')}`;
}
