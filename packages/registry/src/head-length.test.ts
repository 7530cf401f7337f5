import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { parseReference, prepullImages } from '@drayage/core';
import { randomImage, temporaryDirectory, type TemporaryDirectory } from '@drayage/core/testing';
import { startFixture, type Fixture } from './testing/fixture.ts';

// A proxy may state the length of another answer.
describe('where HEAD states a wrong length', () => {
  const image = randomImage();
  let fixture: Fixture;
  let directory: TemporaryDirectory;
  beforeEach(async () => {
    directory = await temporaryDirectory();
    fixture = await startFixture();
    for (const [digest, bytes] of image.blobs) {
      if (digest === image.manifest.digest) fixture.registry.addManifest('real', ['1'], Buffer.from(bytes));
      else fixture.registry.addBlob(Buffer.from(bytes));
    }
  });
  afterEach(async () => {
    await fixture.close();
    await directory.remove();
  });

  test.each([1, 17, 100_000, 5 * 1024 * 1024])('of %d bytes, GET decides', async (length) => {
    const headers = { 'content-length': String(length) };
    const { registry, source } = fixture;
    registry.inject({ kind: 'manifest', method: 'HEAD', effect: { kind: 'headers', headers }, times: 100 });
    const name = `${registry.host}/real:1`;
    const report = await prepullImages([name], {
      from: source,
      to: join(directory.path, 'bundle'),
      platform: image.platform,
    });
    expect(report.images).toMatchObject([{ state: 'ready', manifestDigest: image.manifest.digest }]);
    expect(await source.resolve(parseReference(name))).toMatchObject({ digest: image.manifest.digest });
  });
});
