import { describe, expect, test } from '@jest/globals';
import { digestOf, type PrepullEvent, type PrepullReport } from '@drayage/core';
import { mediaTypes } from '@drayage/core/image';
import { prepullEventLine, prepullSummary } from './prepull-text.ts';

const digest = digestOf('x');
const ready: PrepullReport['images'][number] = {
  reference: 'redis:7',
  state: 'ready',
  bytes: 1000,
  layers: 2,
  ms: 20,
};
const failed: PrepullReport['images'][number] = {
  reference: 'db:1',
  state: 'failed',
  bytes: 0,
  layers: 0,
  ms: 1,
  error: { code: 'REGISTRY_DENIED', message: 'cannot pull db:1', hint: 'Log in.' },
};

function blob(mediaType: string, bytesFetched: number): PrepullEvent {
  const descriptor = { mediaType, digest, size: 31_200_000 };
  return { type: 'blob', reference: 'redis:7', descriptor, bytesFetched, ms: 1200 };
}

function report(parts: Partial<PrepullReport>): PrepullReport {
  return { outcome: 'ready', images: [ready], bytesFetched: 2000, bytesReused: 0, ms: 1500, ...parts };
}

describe('the lines of a pre-pull', () => {
  test('are one for each layer', () => {
    const short = digest.slice('sha256:'.length, 'sha256:'.length + 12);
    expect(prepullEventLine(blob(mediaTypes.ociLayerGzip, 31_200_000))).toBe(
      `redis:7  layer ${short}  31.2 MB  1.2 s`,
    );
    expect(prepullEventLine(blob(mediaTypes.dockerLayerGzip, 0))).toBe(
      `redis:7  layer ${short}  31.2 MB  already there`,
    );
    expect(prepullEventLine(blob(mediaTypes.ociConfig, 1))).toContain('config');
    expect(prepullEventLine(blob(mediaTypes.dockerConfig, 1))).toContain('config');
  });

  test('tell how an image ended', () => {
    expect(prepullEventLine({ type: 'image', image: ready })).toBe('redis:7  ready  2 layers  1.0 kB  20 ms');
    expect(prepullEventLine({ type: 'image', image: failed })).toBe(
      'db:1  failed: cannot pull db:1\n  hint: Log in.',
    );
    const cancelled = { ...failed, error: { code: 'ABORTED', message: 'x' } };
    expect(prepullEventLine({ type: 'image', image: cancelled })).toBe('db:1  cancelled');
  });

  test('are not written for every chunk', () => {
    expect(prepullEventLine({ type: 'bytes', count: 1 })).toBeUndefined();
  });
});

describe('the last line of a pre-pull', () => {
  test('says what was fetched', () => {
    expect(prepullSummary(report({}), 'out')).toBe('1 image ready in out after 1.5 s: 2.0 kB fetched');
    expect(prepullSummary(report({ bytesReused: 5000 }), 'out')).toContain('5.0 kB were already there');
  });

  test('names what failed', () => {
    const partial = prepullSummary(report({ outcome: 'partial', images: [ready, failed] }), 'out');
    expect(partial).toMatch(/partial .*1 of 2 images ready.*db:1/);
  });

  test('counts what was skipped', () => {
    expect(prepullSummary(report({ images: [ready, { ...failed, state: 'skipped' }] }), 'out')).toContain(
      '1 optional image skipped',
    );
  });

  test('says that it was cancelled', () => {
    expect(prepullSummary(report({ outcome: 'cancelled' }), 'out')).toContain('cancelled');
  });
});
