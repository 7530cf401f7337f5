import { gunzipSync, gzipSync } from 'node:zlib';
import type { LayerCompression } from '../image/media-types.ts';

const zstdMagic = 0xfd2fb528;
const zstdBlockBytes = 128 * 1024;

/**
 * Compresses `bytes` into a layer blob. Zstandard uses valid frames with stored blocks, so no library is
 * needed.
 */
export function compressLayer(bytes: Uint8Array, compression: LayerCompression): Uint8Array {
  switch (compression) {
    case 'none':
      return bytes;
    case 'gzip':
      return gzipSync(bytes, { level: 1 });
    case 'zstd':
      return storedZstd(bytes);
  }
}

/**
 * Decompresses a layer blob. Reads Zstandard only as {@link compressLayer} writes it. @throws Error for
 * anything else
 */
export function decompressLayer(bytes: Uint8Array, compression: LayerCompression): Uint8Array {
  switch (compression) {
    case 'none':
      return bytes;
    case 'gzip':
      return gunzipSync(bytes);
    case 'zstd':
      return readStoredZstd(bytes);
  }
}

/** @see RFC 8878 section 3.1.1: a frame with a 4-byte content size and raw blocks */
function storedZstd(bytes: Uint8Array): Uint8Array {
  const header = Buffer.alloc(9);
  header.writeUInt32LE(zstdMagic, 0);
  header.writeUInt8(0b1010_0000, 4);
  header.writeUInt32LE(bytes.byteLength, 5);
  const parts: Uint8Array[] = [header];
  for (let start = 0; start === 0 || start < bytes.byteLength; start += zstdBlockBytes) {
    const block = bytes.subarray(start, start + zstdBlockBytes);
    const isLast = start + zstdBlockBytes >= bytes.byteLength;
    const blockHeader = Buffer.alloc(3);
    blockHeader.writeUIntLE((block.byteLength << 3) | (isLast ? 1 : 0), 0, 3);
    parts.push(blockHeader, block);
  }
  return Buffer.concat(parts);
}

function readStoredZstd(bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0, true) !== zstdMagic || view.getUint8(4) !== 0b1010_0000) {
    throw new Error('not a stored zstd frame: pass decompressZstd');
  }
  const parts: Uint8Array[] = [];
  let position = 9;
  for (let isLast = false; !isLast;) {
    const header = view.getUint16(position, true) | (view.getUint8(position + 2) << 16);
    if (((header >> 1) & 3) !== 0) throw new Error('a compressed zstd block: pass decompressZstd');
    isLast = (header & 1) === 1;
    parts.push(bytes.subarray(position + 3, position + 3 + (header >> 3)));
    position += 3 + (header >> 3);
  }
  return Buffer.concat(parts);
}
