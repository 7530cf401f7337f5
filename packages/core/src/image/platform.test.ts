import { describe, expect, test } from '@jest/globals';
import { isDrayError } from '../errors.ts';
import {
  formatPlatform,
  hostPlatform,
  normalizePlatform,
  parsePlatform,
  platformMatches,
} from './platform.ts';
import { selectPlatform } from './select-platform.ts';

describe('a platform', () => {
  test.each([
    ['linux/amd64', 'linux/amd64'],
    ['Linux/AMD64', 'linux/amd64'],
    ['linux/x86_64', 'linux/amd64'],
    ['linux/x86-64', 'linux/amd64'],
    ['linux/x64', 'linux/amd64'],
    ['linux/aarch64', 'linux/arm64'],
    ['linux/arm64/v8', 'linux/arm64'],
    ['linux/arm64/v9', 'linux/arm64/v9'],
    ['linux/arm', 'linux/arm'],
    ['linux/arm/v7', 'linux/arm'],
    ['linux/arm/v6', 'linux/arm/v6'],
    ['linux/armhf', 'linux/arm'],
    ['linux/armel', 'linux/arm/v6'],
    ['linux/i386', 'linux/386'],
    ['linux/amd64/v3', 'linux/amd64/v3'],
    ['windows/amd64', 'windows/amd64'],
    ['linux/s390x', 'linux/s390x'],
  ])('%s is written as %s', (text, expected) => {
    expect(formatPlatform(parsePlatform(text))).toBe(expected);
    expect(parsePlatform(formatPlatform(parsePlatform(text)))).toEqual(parsePlatform(text));
  });

  test.each([
    [''],
    ['linux'],
    ['linux/'],
    ['/amd64'],
    ['linux/arm/v7/x'],
    ['linux/a b'],
    ['linux//v7'],
    ['linux/arm/'],
  ])('is refused for %j', (text) => {
    try {
      parsePlatform(text);
      throw new Error('it was accepted');
    } catch (error) {
      expect(isDrayError(error, 'PLATFORM_INVALID')).toBe(true);
    }
  });

  test('matches any spelling', () => {
    const arm64 = { os: 'linux', architecture: 'arm64' };
    expect(platformMatches(arm64, { ...arm64, variant: 'v8' })).toBe(true);
    expect(platformMatches(arm64, { ...arm64, variant: '' })).toBe(true);
    expect(platformMatches(arm64, { os: 'linux', architecture: 'aarch64' })).toBe(true);
    expect(platformMatches(arm64, { ...arm64, os: 'windows' })).toBe(false);
    expect(platformMatches(arm64, { ...arm64, variant: 'v9' })).toBe(false);
  });

  test('of this machine is Linux, with the architecture in Go spelling', () => {
    expect(hostPlatform('x64')).toEqual({ os: 'linux', architecture: 'amd64' });
    expect(hostPlatform('arm64')).toEqual({ os: 'linux', architecture: 'arm64' });
    expect(hostPlatform('ia32')).toEqual({ os: 'linux', architecture: '386' });
    expect(normalizePlatform(hostPlatform())).toEqual(hostPlatform());
  });
});

describe('the selection of a platform', () => {
  const arm = (variant?: string): { os: string; architecture: string; variant?: string | undefined } => ({
    os: 'linux',
    architecture: 'arm',
    variant,
  });
  const amd64 = { os: 'linux', architecture: 'amd64' };

  test('finds an exact match first', () => {
    expect(selectPlatform(amd64, [undefined, arm('v7'), amd64, amd64])).toBe(2);
    expect(selectPlatform(arm('v6'), [arm('v5'), arm('v7'), arm('v6')])).toBe(2);
  });

  test('falls back to lower variants of 32-bit arm, but never to higher ones', () => {
    expect(selectPlatform(arm(), [arm('v5'), arm('v6')])).toBe(1);
    expect(selectPlatform(arm('v7'), [arm('v5')])).toBe(0);
    expect(selectPlatform(arm('v6'), [arm('v7')])).toBeUndefined();
  });

  test('is undefined without a match', () => {
    expect(selectPlatform(amd64, [])).toBeUndefined();
    expect(selectPlatform(amd64, [undefined, arm()])).toBeUndefined();
    expect(selectPlatform(amd64, [{ ...amd64, variant: 'v3' }])).toBeUndefined();
  });
});
