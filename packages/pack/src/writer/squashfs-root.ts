import { open, type FileHandle } from 'node:fs/promises';
import { DrayError } from '@drayage/core';

const magic = 0x7371_7368;
const superblockBytes = 96;
/** Size of an uncompressed metadata block (bytes). Each block follows two bytes with its length. */
const metadataBytes = 8192;
/** Offset of the modification time in every inode, after type, mode, uid and gid. */
const timeOffset = 8;

/**
 * Sets the modification time of the root directory to 0, in a squashfs file with uncompressed inodes.
 * mksquashfs before 4.6 uses the current time when it reads a tar.
 * @throws DrayError `PACK_WRITE_FAILED` for an unexpected file
 * @see Linux, Documentation/filesystems/squashfs.rst, 3.1 "Metadata blocks"
 */
export async function settleRootTime(file: string): Promise<void> {
  const handle = await open(file, 'r+');
  try {
    const superblock = await readAt(handle, file, 0, superblockBytes);
    if (superblock.readUInt32LE(0) !== magic) throw notSquashfs(file);
    const reference = superblock.readBigUInt64LE(32);
    const block = Number(superblock.readBigUInt64LE(64) + (reference >> 16n));
    const header = await readAt(handle, file, block, 2);
    // The top bit marks an uncompressed block.
    if ((header.readUInt16LE(0) & 0x8000) === 0) throw notSquashfs(file);
    const start = Number(reference & 0xffffn) + timeOffset;
    for (let at = start; at < start + 4; at += 1)
      await handle.write(Buffer.alloc(1), 0, 1, positionIn(block, at));
  } finally {
    await handle.close();
  }
}

/** Inodes continue from one metadata block into the next. */
function positionIn(block: number, offset: number): number {
  const blocks = Math.floor(offset / metadataBytes);
  return block + blocks * (metadataBytes + 2) + 2 + (offset % metadataBytes);
}

async function readAt(handle: FileHandle, file: string, position: number, length: number): Promise<Buffer> {
  const { bytesRead, buffer } = await handle.read(Buffer.alloc(length), 0, length, position);
  if (bytesRead < length) throw notSquashfs(file);
  return buffer;
}

function notSquashfs(file: string): DrayError {
  return new DrayError(
    'PACK_WRITE_FAILED',
    `cannot write pack ${file}: mksquashfs wrote an unexpected format`,
  );
}
