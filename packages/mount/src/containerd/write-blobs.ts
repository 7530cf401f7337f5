import { createPool, type ByteStream, type Descriptor } from '@drayage/core';
import type { Content } from './content.ts';
import { withLabels, type ImageBlob } from '../live/image-content.ts';

// containerd hashes what it is given, one core for each blob.
const atOnce = 4;

/**
 * Stores blobs; those that are there get the labels. `openBlob` is asked for the bytes of layers.
 * @throws DrayError `CONTAINERD_API`; whatever `openBlob` throws
 */
export async function writeBlobs(
  content: Content,
  blobs: readonly ImageBlob[],
  openBlob: (blob: Descriptor) => Promise<ByteStream>,
): Promise<void> {
  await createPool(atOnce).map(blobs, (blob) => writeBlob(content, blob, openBlob));
}

async function writeBlob(
  content: Content,
  { blob, bytes, labels }: ImageBlob,
  openBlob: (blob: Descriptor) => Promise<ByteStream>,
): Promise<void> {
  const known = await content.stat(blob.digest);
  const open = (): Promise<ByteStream> =>
    bytes === undefined ? openBlob(blob) : Promise.resolve(once(bytes));
  await content.write(blob, open, withLabels(known?.labels ?? {}, labels));
}

async function* once(bytes: Uint8Array): ByteStream {
  yield await Promise.resolve(bytes);
}
