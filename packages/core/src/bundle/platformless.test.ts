import { Readable } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import { digestOf } from '../image/digest.ts';
import { forPlatform } from '../image/manifest-choice.ts';
import { mediaTypes } from '../image/media-types.ts';
import { parsePlatform } from '../image/platform.ts';
import { randomImage } from '../testing/random-image.ts';
import { readImageContent, type ReadContent } from './image-content.ts';

const image = randomImage();

describe('an index entry without a platform', () => {
  test.each(['linux/amd64', 'linux/amd64/v3'])('is taken for %s when its config suits', async (text) => {
    expect((await read(text)).manifest.digest).toBe(image.manifest.digest);
  });

  test('is not taken for another platform', async () => {
    await expect(read('linux/arm64')).rejects.toMatchObject({
      code: 'PLATFORM_NOT_FOUND',
      details: { available: ['linux/amd64'] },
    });
  });
});

/** Reads the image through an index that names no platform. */
async function read(text: string): Promise<ReadContent> {
  const wanted = parsePlatform(text);
  const mediaType = mediaTypes.ociIndex;
  const index = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, manifests: [image.manifest] }));
  const target = { mediaType, digest: digestOf(index), size: index.byteLength };
  const blobs = new Map(image.blobs).set(target.digest, index);
  return readImageContent(target, {
    what: 'it',
    open: async ({ digest }) => Readable.from([blobs.get(digest) ?? Buffer.alloc(0)]),
    choice: forPlatform(wanted, 'it'),
  });
}
