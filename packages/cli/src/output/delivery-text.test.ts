import { describe, expect, test } from '@jest/globals';
import type { DeliveryReport } from '@drayage/core';
import { deliveryEventLine, deliverySummary, waitingText } from './delivery-text.ts';

const loaded: DeliveryReport['images'][number] = {
  reference: 'redis:7',
  delivery: 'load',
  layers: { total: 5, sent: 2, skipped: 3 },
  bytesSent: 31_200_000,
  ms: 1200,
};
const present: DeliveryReport['images'][number] = {
  ...loaded,
  reference: 'app:1',
  delivery: 'present',
  bytesSent: 0,
  ms: 5,
};
const lost: DeliveryReport['images'][number] = {
  ...loaded,
  reference: 'db:1',
  delivery: 'none',
  bytesSent: 0,
  error: { code: 'NOT_AVAILABLE', message: 'cannot find db:1', hint: 'Look.' },
};

function report(parts: Partial<DeliveryReport>): DeliveryReport {
  return { outcome: 'hit', images: [], waitedMs: 0, ms: 1900, ...parts };
}

describe('the last line of a load', () => {
  test('says what came how', () => {
    expect(deliverySummary(report({ images: [loaded, loaded, present] }), false)).toBe(
      '3 images ready in 1.9 s: 2 loaded (62.4 MB sent, 6 layers skipped), 1 already present',
    );
  });

  test('of a miss says why, and that the job goes on', () => {
    const miss = report({ outcome: 'miss', reason: 'absent: no pre-pull has begun' });
    expect(deliverySummary(miss, false)).toBe(
      'no pre-pulled images: absent: no pre-pull has begun; the job goes on and pulls what it needs',
    );
  });

  test('does not say that a failing job goes on', () => {
    expect(deliverySummary(report({ outcome: 'miss', reason: 'x' }), true)).not.toContain('goes on');
  });

  test('of a part counts what came', () => {
    const partial = report({
      outcome: 'partial',
      reason: 'incomplete: cannot find db:1',
      images: [present, lost],
    });
    expect(deliverySummary(partial, false)).toMatch(
      /^1 of 2 images ready .*1 already present; incomplete: cannot find db:1/,
    );
  });

  test('of a pre-pull without images says so', () => {
    expect(deliverySummary(report({}), false)).toContain('nothing to load');
  });
});

describe('the lines of a load', () => {
  test.each([
    [loaded, 'redis:7  loaded  31.2 MB sent, 3 of 5 layers skipped  1.2 s'],
    [present, 'app:1  already present  5 ms'],
    [lost, 'db:1  not delivered: cannot find db:1\n  hint: Look.'],
  ])('tell how an image came: %j', (image, line) => {
    expect(deliveryEventLine({ type: 'image', image })).toBe(line);
  });

  test('tell what is sent', () => {
    expect(deliveryEventLine({ type: 'loading', reference: 'a', bytes: 2000, layers: 1, skipped: 2 })).toBe(
      'a  loading 1 layer, 2.0 kB; 2 already in the engine',
    );
  });

  test('are not written for every chunk', () => {
    expect(deliveryEventLine({ type: 'sent', reference: 'a', bytes: 1 })).toBeUndefined();
  });

  test('show the progress of the pre-pull', () => {
    const images = [
      { reference: 'docker.io/library/a:1', state: 'ready' } as const,
      { reference: 'docker.io/library/b:1', state: 'pending' } as const,
    ];
    const progress = { bytesFetched: 5_000_000, bytesReused: 0 };
    const times = { startedAt: '', updatedAt: '' };
    expect(
      waitingText({
        version: 1,
        runId: 'r',
        state: 'running',
        beat: 1,
        leaseMs: 1,
        ...times,
        progress,
        images,
      }),
    ).toBe('waiting for the pre-pull: 1 of 2 images done, 5.0 MB fetched');
    expect(waitingText(undefined)).toBe('waiting for a pre-pull to begin');
  });
});
