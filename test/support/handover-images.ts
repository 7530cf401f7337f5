import { expect } from '@jest/globals';

import { busyboxLayer, pushImage, type PushedImage } from './images.ts';
import type { Finished } from './processes.ts';
import type { PushTarget } from './push.ts';

const mebibyte = 1024 * 1024;

/** Two versions of one image that differ in a layer of 100 bytes. */
export async function pushVersions(
  target: PushTarget,
  libraryBytes = 3_000_000,
): Promise<{ readonly app: PushedImage; readonly next: PushedImage }> {
  const library = [{ path: 'lib/data', content: { seed: 'library', sizeBytes: libraryBytes } }];
  const version = (seed: string) => ({
    layers: [busyboxLayer(), library, [{ path: `version-${seed}`, content: { seed, sizeBytes: 100 } }]],
  });
  const app = await pushImage(target, 'team/app:1', version('one'));
  return { app, next: await pushImage(target, 'team/app:2', version('two')) };
}

/** An image with one layer of 300 MiB. */
export function pushLargeImage(target: PushTarget): Promise<PushedImage> {
  const content = { seed: 'large', sizeBytes: 300 * mebibyte };
  return pushImage(target, 'team/large:1', { layers: [[{ path: 'large', content }]], compression: 'none' });
}

/** Requires that commands succeeded without the bytes of a large layer in memory. */
export function expectBoundedMemory(commands: readonly Finished[]): void {
  for (const { exitCode, peakRssBytes } of commands) {
    expect(exitCode).toBe(0);
    expect(peakRssBytes).toBeGreaterThan(0);
    expect(peakRssBytes).toBeLessThan(200 * mebibyte);
  }
}
