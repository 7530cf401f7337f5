import { describe, expect, test } from '@jest/globals';
import { digestOf, fixedImage, isDrayError, parseReference } from '@drayage/core';
import { driftText, findDrift } from './drift.ts';
import { formatLock, parseLock, type Lock, type LockedImage } from './lock-file.ts';
import { pinImages } from './pin-images.ts';

const [first, second] = [digestOf('first'), digestOf('second')];
const amd64 = 'linux/amd64';

function locked(text: string, digest = first): LockedImage {
  return { reference: parseReference(text), digest };
}

function lockOf(entries: Readonly<Record<string, Readonly<Record<string, LockedImage>>>>): Lock {
  return {
    images: new Map(
      Object.entries(entries).map(([text, platforms]) => [text, new Map(Object.entries(platforms))]),
    ),
  };
}

function codeOf(act: () => unknown): string | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    return isDrayError(error) ? error.code : 'not ours';
  }
}

const lock = lockOf({
  'redis:7': { 'linux/arm64': locked('redis:7', second), [amd64]: locked('redis:7') },
  'postgres:^16': { [amd64]: locked('postgres:16.4') },
  'ghcr.io/org/next:1': { [amd64]: 'absent' },
});

describe('a lock file', () => {
  test('is sorted, with one fact per line', () => {
    expect(formatLock(lock).split('\n')).toEqual([
      '{',
      '  "version": 1,',
      '  "images": {',
      '    "ghcr.io/org/next:1": {',
      '      "linux/amd64": null',
      '    },',
      '    "postgres:^16": {',
      `      "linux/amd64": "postgres:16.4@${first}"`,
      '    },',
      '    "redis:7": {',
      `      "linux/amd64": "redis:7@${first}",`,
      `      "linux/arm64": "redis:7@${second}"`,
      '    }',
      '  }',
      '}',
      '',
    ]);
  });

  test('is the same when it is read again', () => {
    expect(formatLock(parseLock(formatLock(lock), 'dray.lock'))).toBe(formatLock(lock));
    expect(parseLock(formatLock(lock), 'dray.lock').images.get('postgres:^16')?.get(amd64)).toEqual(
      locked('postgres:16.4'),
    );
  });

  test('keeps the digest of an image that is asked for by it', () => {
    const text = `redis@${first}`;
    const byDigest = lockOf({ [text]: { [amd64]: locked(text) } });
    expect(formatLock(parseLock(formatLock(byDigest), 'dray.lock'))).toBe(formatLock(byDigest));
  });

  test.each([
    'no json',
    '[]',
    '{}',
    '{"version": 2, "images": {}}',
    '{"version": 1}',
    '{"version": 1, "images": {"a": "b"}}',
    '{"version": 1, "images": {"a": {"amd64": null}}}',
    '{"version": 1, "images": {"a": {"linux/amd64": "a:1"}}}',
    '{"version": 1, "images": {"a": {"linux/amd64": 1}}}',
    '<<<<<<< ours\n{}',
  ])('that is invalid causes an error: %s', (text) => {
    expect(codeOf(() => parseLock(text, 'dray.lock'))).toBe('LOCK_INVALID');
  });
});

describe('drift', () => {
  test('is empty if nothing changed', () => {
    const wanted = [
      { text: 'redis:7', optional: false, now: locked('redis:7') },
      { text: 'postgres:^16', optional: false },
      { text: 'ghcr.io/org/next:1', optional: true, now: 'absent' } as const,
    ];
    expect(findDrift(lock, wanted, amd64)).toEqual([]);
  });

  test('is whatever is missing, left over or something else now', () => {
    const wanted = [
      { text: 'redis:7', optional: false, now: locked('redis:7', second) },
      { text: 'ghcr.io/org/next:1', optional: false },
      { text: 'new:1', optional: false },
    ];
    const drifts = findDrift(lock, wanted, amd64);
    expect(drifts.map(({ kind, text }) => [kind, text])).toEqual([
      ['moved', 'redis:7'],
      ['absent', 'ghcr.io/org/next:1'],
      ['not-locked', 'new:1'],
      ['not-wanted', 'postgres:^16'],
    ]);
    for (const drift of drifts) expect(driftText(drift)).toContain(drift.text);
  });

  test('is another tag of the same content, and an optional image that has come', () => {
    const wanted = [
      { text: 'postgres:^16', optional: false, now: locked('postgres:16.5') },
      { text: 'ghcr.io/org/next:1', optional: true, now: locked('ghcr.io/org/next:1') },
    ];
    expect(findDrift(lock, wanted, amd64).map(({ kind }) => kind)).toEqual(['moved', 'moved', 'not-wanted']);
  });

  test('is a platform that was not locked', () => {
    const wanted = [{ text: 'postgres:^16', optional: false }];
    expect(findDrift(lock, wanted, 'linux/arm64')).toMatchObject([
      { kind: 'not-locked', platform: 'linux/arm64' },
      { kind: 'not-wanted' },
      { kind: 'not-wanted' },
    ]);
  });
});

describe('frozen images', () => {
  const place = { platform: amd64, path: 'dray.lock' };

  test('are exactly those in the lock', async () => {
    const range = { ...fixedImage(parseReference('postgres:16')), text: 'postgres:^16' };
    const [pinned] = pinImages([range], lock, place);
    await expect(pinned?.candidates[0]?.locate()).resolves.toEqual({
      reference: parseReference('postgres:16.4'),
      pinned: first,
    });
  });

  test('keep the requested name', async () => {
    const reference = parseReference(`redis:7@${first}`);
    const text = `redis:7@${first}`;
    const both = parseLock(formatLock(lockOf({ [text]: { [amd64]: { reference, digest: first } } })), 'x');
    expect(findDrift(both, [{ text, optional: false, now: { reference, digest: first } }], amd64)).toEqual(
      [],
    );
    const [pinned] = pinImages([fixedImage(reference)], both, place);
    await expect(pinned?.candidates[0]?.locate()).resolves.toEqual({ reference, pinned: first });
  });

  test('stay absent when they were', async () => {
    const next = fixedImage(parseReference('ghcr.io/org/next:1'), true);
    const [pinned] = pinImages([next], lock, place);
    await expect(pinned?.candidates[0]?.locate()).rejects.toMatchObject({ code: 'REGISTRY_NOT_FOUND' });
  });

  test.each([
    ['new:1', amd64],
    ['postgres:16', amd64],
    ['redis:7', 'linux/s390x'],
    ['ghcr.io/org/next:1', amd64],
  ])('that the lock does not cover are refused: %s on %s', (text, platform) => {
    const images = [fixedImage(parseReference(text))];
    expect(codeOf(() => pinImages(images, lock, { ...place, platform }))).toBe('LOCK_DRIFT');
  });
});
