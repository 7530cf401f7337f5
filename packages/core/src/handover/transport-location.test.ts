import { describe, expect, test } from '@jest/globals';
import { rejectionOf } from '../testing/contracts/contract.ts';
import { parseTransportLocation } from './transport-location.ts';

describe('a handover location', () => {
  test.each([
    ['/shared/bundle', '/shared/bundle'],
    ['relative/bundle', 'relative/bundle'],
    ['./a:b', './a:b'],
    ['C:\\bundle', 'C:\\bundle'],
    ['file:///shared/bundle', '/shared/bundle'],
    ['FILE:///with%20space', '/with space'],
    ['file://localhost/shared', '/shared'],
  ])('%s is the directory %s', (text, path) => {
    expect(parseTransportLocation(text, ['s3'])).toEqual({ kind: 'directory', path });
  });

  test('with the scheme of a driver is its URL', () => {
    expect(parseTransportLocation('S3://bucket/prefix?x=1', ['s3'])).toEqual({
      kind: 'url',
      scheme: 's3',
      url: 'S3://bucket/prefix?x=1',
    });
  });

  test.each([
    ['', 'USAGE'],
    ['  ', 'USAGE'],
    ['file://elsewhere/share', 'USAGE'],
    ['ftp://host/x', 'TRANSPORT_UNSUPPORTED'],
  ])('is refused for %j', async (text, code) => {
    expect(await failureOf(text)).toMatchObject({ code });
  });

  test('without a driver fails with the known drivers and without credentials', async () => {
    const failure = await failureOf('ftp://user:s3cret@host/x?token=s3cret');
    expect(failure).toMatchObject({ details: { scheme: 'ftp', schemes: ['file', 'gitlab', 's3'] } });
    expect(failure).toMatchObject({ hint: expect.stringContaining('gitlab://') });
    expect(JSON.stringify([failure, String(failure)])).not.toContain('s3cret');
  });
});

async function failureOf(text: string): Promise<unknown> {
  return rejectionOf(Promise.resolve().then(() => parseTransportLocation(text, ['gitlab', 's3'])));
}
