import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { readBundleIndex } from '../bundle/bundle-index.ts';
import { createDirectoryTransport } from '../handover/directory-transport.ts';
import { digestOf } from '../image/digest.ts';
import { mediaTypes } from '../image/media-types.ts';
import { parseReference } from '../image/reference.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../testing/temporary-directory.ts';
import { createIndexWriter } from './index-writer.ts';

let directory: TemporaryDirectory;

beforeEach(async () => {
  directory = await temporaryDirectory();
});

afterEach(() => directory.remove());

test('several pre-pulls at once lose no image of each other', async () => {
  const writers = Array.from({ length: 4 }, () =>
    createIndexWriter(createDirectoryTransport(directory.path).documents),
  );
  const target = { mediaType: mediaTypes.ociManifest, digest: digestOf('m'), size: 1 };
  await Promise.all(
    writers.flatMap((writer, run) =>
      ['a', 'b', 'c'].map((tag) =>
        writer.add({ reference: parseReference(`app:${tag}${String(run)}`), target, manifest: target }),
      ),
    ),
  );
  const index = await readBundleIndex(createDirectoryTransport(directory.path).documents);
  expect(index?.entries).toHaveLength(12);
});
