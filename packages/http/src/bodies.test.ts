import { gzipSync } from 'node:zlib';
import { Readable } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import { rejectionOf } from '@drayage/core/testing';
import { readAtMost, readDecoded } from './bodies.ts';
import { isRetryable } from './retry.ts';

const text = 'content '.repeat(1000);
const answer = (body: Buffer, encoding?: string): Parameters<typeof readDecoded>[0] => ({
  body: Readable.from([body.subarray(0, 20), body.subarray(20)]),
  header: (name) => (name === 'content-encoding' ? encoding : undefined),
});

describe('a body', () => {
  test.each([
    ['as it is', answer(Buffer.from(text))],
    ['decoded', answer(gzipSync(text), 'GZIP')],
  ])('is read %s, up to a limit', async (_, response) => {
    const { bytes, isWhole } = await readDecoded(response, 100);
    expect([bytes.toString(), isWhole]).toEqual([text.slice(0, 100), false]);
  });

  test('is decoded whole', async () => {
    const { bytes, isWhole } = await readDecoded(answer(gzipSync(text), 'gzip'), 10_000);
    expect([bytes.toString(), isWhole]).toEqual([text, true]);
  });

  test.each([
    ['that does not fit its encoding', answer(Buffer.from(text), 'gzip')],
    ['that ends too early', answer(gzipSync(text).subarray(0, -10), 'gzip')],
    ['in an unknown encoding', answer(Buffer.from(text), 'pack200')],
  ])('%s is refused for good', async (_, response) => {
    const error = await rejectionOf(readDecoded(response, 10_000));
    expect(error).toMatchObject({ message: expect.stringMatching(/gzip|pack200/) });
    expect(isRetryable(error)).toBe(false);
  });

  test.each([undefined, 'gzip'])('that comes byte by byte is given up (encoding: %s)', async (encoding) => {
    let sent = 0;
    const bytes = gzipSync(text);
    const body = new Readable({
      read() {
        setTimeout(() => this.push(bytes.subarray(sent, (sent += 1))), 20);
      },
    });
    const slow = { ...answer(bytes, encoding), body };
    const error = await rejectionOf(readDecoded(slow, 10_000, 50));
    expect(error).toMatchObject({ code: 'BODY_TOO_SLOW' });
    expect(isRetryable(error)).toBe(true);
    expect([body.destroyed, sent < bytes.length]).toEqual([true, true]);
  });

  test('may come from a stream that was not read in time', async () => {
    const { bytes } = await readAtMost(Readable.from([Buffer.from('late')]), 10);
    expect(bytes.toString()).toBe('late');
  });
});
