import { expect, test } from '@jest/globals';
import type { DiscoveredImage } from '@drayage/discovery';
import { choosePlatforms } from './platform-choice.ts';

const amd64 = { os: 'linux', architecture: 'amd64' };
const arm64 = { os: 'linux', architecture: 'arm64' };

function image(text: string, line: number, platform?: string): DiscoveredImage {
  return { text, line, platform, file: 'compose.yaml', what: `service s${String(line)}` };
}

test('images without a platform, or for that of the run, stay', () => {
  const found = [image('a:1', 1), image('b:1', 2, 'linux/amd64')];
  expect(choosePlatforms(found, [amd64])).toEqual({ images: found, leftOut: [] });
});

test('an image for another platform is left out, with place, platforms and a way out', () => {
  const { images, leftOut } = choosePlatforms([image('a:1', 3, 'linux/arm64')], [amd64]);
  expect(images).toEqual([]);
  expect(leftOut).toHaveLength(1);
  for (const part of [
    'compose.yaml:3',
    's3',
    'a:1',
    'linux/arm64',
    'linux/amd64',
    '--platform linux/arm64',
  ]) {
    expect(leftOut[0]).toContain(part);
  }
});

test('of two platforms under one name, the platform of the run wins, and the other image is left out with the reason', () => {
  const found = [image('a:1', 1, 'linux/arm64'), image('docker.io/library/a:1', 2), image('a:1', 3)];
  const { images, leftOut } = choosePlatforms(found, [amd64]);
  expect(images.map(({ line }) => line)).toEqual([2, 3]);
  expect(leftOut[0]).toContain('compose.yaml:2 (service s2)');
  expect(leftOut[0]).toContain('linux/amd64 wins');
});

test('a run for several platforms keeps the images of each', () => {
  const found = [image('a:1', 1, 'linux/arm64'), image('a:1', 2, 'linux/s390x')];
  expect(choosePlatforms(found, [amd64, arm64]).images.map(({ line }) => line)).toEqual([1]);
});
