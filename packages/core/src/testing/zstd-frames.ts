const maxBlock = 128 * 1024;

/** A zstd frame that stores `content` uncompressed. @see RFC 8878, 3.1.1 */
export function zstdFrame(content: Uint8Array): Buffer {
  // Magic; descriptor 0xa0: single segment, 4-byte content size.
  const header = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0, 0, 0]);
  header.writeUInt32LE(content.byteLength, 5);
  const blocks: Uint8Array[] = [];
  for (let at = 0; at === 0 || at < content.byteLength; at += maxBlock) {
    const block = content.subarray(at, at + maxBlock);
    const isLast = at + maxBlock >= content.byteLength;
    const blockHeader = Buffer.alloc(4);
    blockHeader.writeUInt32LE((block.byteLength << 3) | (isLast ? 1 : 0));
    blocks.push(blockHeader.subarray(0, 3), block);
  }
  return Buffer.concat([header, ...blocks]);
}

/** A skippable frame, as in zstd:chunked layers. @see RFC 8878, 3.1.2 */
export function skippableFrame(sizeBytes: number): Buffer {
  const header = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0]);
  header.writeUInt32LE(sizeBytes, 4);
  return Buffer.concat([header, Buffer.alloc(sizeBytes, 7)]);
}
