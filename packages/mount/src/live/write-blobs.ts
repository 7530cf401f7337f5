import { createPool, type ByteStream, type Descriptor } from '@drayage/core';
import type { Content } from '../containerd/content.ts';
import { withLabels, type ImageBlob } from './image-content.ts';

// containerd hashes each blob on one core.
const atOnce = 4;

/**
 * Stores blobs; existing ones only get the labels. `openBlob` opens the bytes of layers.
 * @throws DrayError `CONTAINERD_API`; errors of `openBlob`
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
