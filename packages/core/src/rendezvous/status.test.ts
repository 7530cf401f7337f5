import { describe, expect, test } from '@jest/globals';
import { isDrayError } from '../errors.ts';
import { digestOf } from '../image/digest.ts';
import { formatStatus, parseStatus, type StatusDocument } from './status.ts';

const document: StatusDocument = {
  version: 1,
  runId: 'run-1',
  state: 'ready',
  beat: 3,
  leaseMs: 30_000,
  startedAt: '2026-01-01T00:00:00.000Z',
  updatedAt: '2026-01-01T00:00:09.000Z',
  pipeline: '42',
  node: 'runner-1',
  progress: { bytesFetched: 10, bytesReused: 5 },
  images: [
    {
      reference: 'docker.io/library/redis:7',
      state: 'ready',
      manifestDigest: digestOf('m'),
      configDigest: digestOf('c'),
      bytes: 15,
    },
    {
      reference: 'docker.io/library/gone:1',
      state: 'failed',
      error: { code: 'REGISTRY_NOT_FOUND', message: 'gone', hint: 'Look.' },
    },
  ],
};

function codeOf(text: string): string | undefined {
  try {
    parseStatus(new TextEncoder().encode(text));
    return undefined;
  } catch (error) {
    return isDrayError(error) ? error.code : 'not a DrayError';
  }
}

describe('the status document', () => {
  test('survives formatting and parsing', () => {
    expect(parseStatus(formatStatus(document))).toEqual(document);
  });

  test('is refused when a byte has changed', () => {
    const text = new TextDecoder().decode(formatStatus(document));
    expect(codeOf(text.replace('redis:7', 'redis:6'))).toBe('STATUS_INVALID');
    expect(codeOf(text.replace('"beat": 3', '"beat": 4'))).toBe('STATUS_INVALID');
  });

  test('of an older version of drayage has no checksum, and is read', () => {
    expect(codeOf(JSON.stringify(document))).toBeUndefined();
  });

  test('of a newer version is refused with its own code', () => {
    expect(codeOf(JSON.stringify({ ...document, version: 2 }))).toBe('BUNDLE_VERSION_UNSUPPORTED');
  });

  test('ignores names that are not text', () => {
    const [image] = document.images;
    const images = [{ ...image, alsoNamed: ['a', { toString: 1 }, [[]], null], chosenFrom: 'b' }];
    const text = JSON.stringify({ ...document, images });
    expect(parseStatus(Buffer.from(text)).images).toEqual([{ ...image, alsoNamed: ['a'] }]);
  });

  test.each([
    ['invalid JSON', '{'],
    ['lists in lists', `{"version":1,"images":${'['.repeat(20_000)}${']'.repeat(20_000)}}`],
    ['an array', '[]'],
    ['no version', '{}'],
    ['an unknown state', JSON.stringify({ ...document, state: 'resting' })],
    ['a negative beat', JSON.stringify({ ...document, beat: -1 })],
    ['images that are not an array', JSON.stringify({ ...document, images: {} })],
    [
      'an image with an unknown state',
      JSON.stringify({ ...document, images: [{ reference: 'a', state: 'odd' }] }),
    ],
  ])('with %s is invalid', (_, text) => {
    expect(codeOf(text)).toBe('STATUS_INVALID');
  });
});
