import { describe, expect, test } from '@jest/globals';
import { parseOciLocation } from './location.ts';

describe('an oci:// location', () => {
  test.each([
    ['oci://ghcr.io/org/handover', { registry: 'ghcr.io', repository: 'org/handover', key: undefined }],
    [
      'OCI://ghcr.io/org/handover:nightly',
      { registry: 'ghcr.io', repository: 'org/handover', key: 'nightly' },
    ],
    ['oci://localhost:5000/a', { registry: 'localhost:5000', repository: 'a', key: undefined }],
    ['oci://127.0.0.1:5000/a/b:7', { registry: '127.0.0.1:5000', repository: 'a/b', key: '7' }],
    ['oci://docker.io/org/x', { registry: 'docker.io', repository: 'org/x', key: undefined }],
  ])('%s', (text, location) => {
    expect(parseOciLocation(text)).toEqual(location);
  });

  test.each([
    ['oci://ghcr.io', 'no repository'],
    ['oci://org/handover', 'org'],
    ['oci://ghcr.io/Org', 'Org'],
    ['oci://ghcr.io/org/x:', 'key'],
    ['oci://ghcr.io/org/x:_held', '_held'],
    ['oci://ghcr.io/org/x?keep=1d', 'settings'],
    [`oci://ghcr.io/org/x@sha256:${'a'.repeat(64)}`, 'not'],
  ])('is refused for %s, naming what is wrong', (text, named) => {
    expect(failureOf(text)).toMatchObject({ code: 'USAGE', message: expect.stringContaining(named) });
  });

  test('holds no login, and no message repeats one', () => {
    const failure = failureOf('oci://ci:planted-secret@ghcr.io/org/x');
    expect(failure).toMatchObject({ code: 'USAGE' });
    expect(String(failure)).not.toContain('planted');
  });
});

function failureOf(text: string): unknown {
  try {
    return parseOciLocation(text);
  } catch (error) {
    return error;
  }
}
