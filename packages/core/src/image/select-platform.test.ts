import { describe, expect, test } from '@jest/globals';
import { parsePlatform, type Platform } from './platform.ts';
import { platformRuns, rankPlatforms, selectPlatform } from './select-platform.ts';

const all = `
  linux/386 linux/amd64 linux/amd64/v1 linux/amd64/v2 linux/amd64/v3 linux/amd64/v4
  linux/arm linux/arm/v4 linux/arm/v5 linux/arm/v6 linux/arm/v7 linux/arm/v8 linux/arm/v9
  linux/arm64 linux/arm64/v8 linux/arm64/v8.1 linux/arm64/v8.2 linux/arm64/v8.3 linux/arm64/v8.4
  linux/arm64/v8.5 linux/arm64/v8.6 linux/arm64/v8.7 linux/arm64/v9 linux/arm64/v9.0 linux/arm64/v9.1
  linux/arm64/v9.2 linux/s390x linux/riscv64 windows/amd64 windows/arm windows/386 darwin/arm64`
  .trim()
  .split(/\s+/);

const arm32 = 'linux/arm/v8 linux/arm linux/arm/v7 linux/arm/v6 linux/arm/v5';
const arm64 = 'linux/arm64 linux/arm64/v8';

/** What each runs of `all`, best first; what containerd calls equal stands in the order of `all`. */
const table: readonly (readonly [wanted: string, runs: string])[] = [
  ['linux/386', 'linux/386'],
  ['linux/amd64', 'linux/amd64 linux/amd64/v1 linux/386'],
  ['linux/amd64/v1', 'linux/amd64 linux/amd64/v1 linux/386'],
  ['linux/amd64/v2', 'linux/amd64/v2 linux/amd64 linux/amd64/v1 linux/386'],
  ['linux/amd64/v4', 'linux/amd64/v4 linux/amd64/v3 linux/amd64/v2 linux/amd64 linux/amd64/v1 linux/386'],
  ['linux/amd64/odd', 'linux/386'],
  ['windows/amd64', 'windows/amd64 windows/386'],
  ['linux/arm/v8', arm32],
  ['linux/arm', 'linux/arm linux/arm/v7 linux/arm/v6 linux/arm/v5'],
  ['linux/arm/7', 'linux/arm linux/arm/v7 linux/arm/v6 linux/arm/v5'],
  ['linux/armhf', 'linux/arm linux/arm/v7 linux/arm/v6 linux/arm/v5'],
  ['linux/armel', 'linux/arm/v6 linux/arm/v5'],
  ['linux/arm/v6', 'linux/arm/v6 linux/arm/v5'],
  ['linux/arm/v5', 'linux/arm/v5'],
  ['linux/arm/v4', 'linux/arm/v4'],
  ['linux/arm64', `${arm64} ${arm32}`],
  ['linux/arm64/8', `${arm64} ${arm32}`],
  ['linux/arm64/v8.0', `${arm64} ${arm32}`],
  ['linux/aarch64', `${arm64} ${arm32}`],
  ['linux/arm64/v8.1', `linux/arm64/v8.1 ${arm64} ${arm32}`],
  [
    'linux/arm64/v9',
    `linux/arm64/v9 linux/arm64/v9.0 linux/arm64/v8.5 linux/arm64/v8.4 linux/arm64/v8.3 linux/arm64/v8.2
     linux/arm64/v8.1 ${arm64} linux/arm/v9 ${arm32}`,
  ],
  [
    'linux/arm64/v9.1',
    `linux/arm64/v9.1 linux/arm64/v9 linux/arm64/v9.0 linux/arm64/v8.6 linux/arm64/v8.5 linux/arm64/v8.4
     linux/arm64/v8.3 linux/arm64/v8.2 linux/arm64/v8.1 ${arm64} ${arm32}`,
  ],
  ['linux/s390x', 'linux/s390x'],
  ['macos/arm64', 'darwin/arm64'],
  ['linux/amd64/v99999999999999', 'linux/386'],
];

describe('the platforms that a machine runs', () => {
  test.each(table)('%s', (wanted, runs) => {
    const expected = runs.split(/\s+/);
    const offered = all.map(parsePlatform);
    const ranked = rankPlatforms(parsePlatform(wanted), offered).map((position) => all[position]);
    expect(ranked).toEqual(expected);
    for (const [position, platform] of offered.entries()) {
      const isExpected = expected.includes(all[position] ?? '');
      expect([all[position], platformRuns(parsePlatform(wanted), platform)]).toEqual([
        all[position],
        isExpected,
      ]);
    }
  });

  test.each([
    [{ os: 'Linux', architecture: 'X86_64' }],
    [{ os: 'linux', architecture: 'x86-64', variant: 'v1' }],
    [{ os: 'linux', architecture: 'AMD64', variant: '1' }],
    [{ os: 'linux', architecture: 'i386', variant: 'i686' }],
  ])('are known in every spelling: %j', (offered: Platform) => {
    expect(platformRuns({ os: 'linux', architecture: 'amd64' }, offered)).toBe(true);
  });

  test('take the best of an index, wherever it stands', () => {
    const offered = ['linux/386', 'linux/amd64/v3', 'linux/amd64'].map(parsePlatform);
    const select = (text: string): number | undefined =>
      selectPlatform(parsePlatform(text), [undefined, ...offered]);
    expect(select('linux/amd64')).toBe(3);
    expect(select('linux/amd64/v4')).toBe(2);
    expect(select('linux/386')).toBe(1);
    expect(select('linux/arm64')).toBeUndefined();
  });
});
