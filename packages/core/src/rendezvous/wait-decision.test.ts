import { describe, expect, test } from '@jest/globals';
import type { StatusDocument } from './status.ts';
import { isLeftOver, judge, type SnapshotInput, type WaitMemory, type WaitPolicy } from './wait-decision.ts';

const policy: WaitPolicy = { timeoutMs: 600_000, graceMs: 60_000, settled: false };

function status(overrides: Partial<StatusDocument> = {}): StatusDocument {
  return {
    version: 1,
    runId: 'run-1',
    state: 'running',
    beat: 1,
    leaseMs: 30_000,
    startedAt: '2026-01-01T00:00:00.000Z',
    updatedAt: '2026-01-01T00:00:00.000Z',
    progress: { bytesFetched: 0, bytesReused: 0 },
    images: [],
    ...overrides,
  };
}

function seen(now: number, document?: StatusDocument, hasIndex = false): SnapshotInput {
  return { status: document, hasIndex, now };
}

/** The decisions of one waiter that sees these snapshots one after the other. */
function decisions(observations: readonly SnapshotInput[], wait: WaitPolicy = policy): readonly string[] {
  let memory: WaitMemory = { startedAt: 0 };
  return observations.map((observation) => {
    const judged = judge(memory, observation, wait);
    memory = judged.memory;
    return judged.decision.kind;
  });
}

describe('waiting for a pre-pull', () => {
  test('waits until the grace time is over for one that has not begun', () => {
    expect(decisions([seen(0), seen(59_999), seen(60_000)])).toEqual(['running', 'running', 'absent']);
  });

  test('goes on as long as the heartbeat changes within the lease', () => {
    const beats = [1, 2, 3].map((beat) => seen(beat * 29_000, status({ beat })));
    expect(decisions(beats)).toEqual(['running', 'running', 'running']);
  });

  test('gives up when the heartbeat stays unchanged for the lease on the waiter’s own clock', () => {
    const beat = status({ beat: 7 });
    expect(decisions([seen(1_000, beat), seen(30_999, beat), seen(31_000, beat)])).toEqual([
      'running',
      'running',
      'expired',
    ]);
  });

  test('ignores times in the document', () => {
    const fromAnotherClock = status({
      startedAt: '1970-01-01T00:00:00.000Z',
      updatedAt: '2199-01-01T00:00:00.000Z',
    });
    expect(decisions([seen(0, fromAnotherClock)])).toEqual(['running']);
  });

  test('begins a new lease when another run takes over', () => {
    const first = status({ beat: 1 });
    const second = status({ beat: 1, runId: 'run-2' });
    expect(
      decisions([seen(0, first), seen(29_000, second), seen(58_000, second), seen(59_000, second)]),
    ).toEqual(['running', 'running', 'running', 'expired']);
  });

  test.each(['ready', 'failed', 'cancelled'] as const)('ends at once when the pre-pull is %s', (state) => {
    expect(decisions([seen(0, status({ state }))])).toEqual([state]);
  });

  test('never waits longer than its own limit', () => {
    const limited = { ...policy, timeoutMs: 10_000 };
    expect(decisions([seen(0, status({ beat: 1 })), seen(10_000, status({ beat: 2 }))], limited)).toEqual([
      'running',
      'timeout',
    ]);
    expect(decisions([seen(0), seen(10_000)], limited)).toEqual(['running', 'absent']);
  });

  test('treats an index without a status as a finished copy by another tool', () => {
    expect(decisions([seen(0, undefined, true)])).toEqual(['settled']);
  });

  test('does not wait when the copy is settled', () => {
    const settled = { ...policy, settled: true };
    expect(decisions([seen(0, status(), true)], settled)).toEqual(['settled']);
    expect(decisions([seen(0)], settled)).toEqual(['absent']);
  });
});

describe('with an answer of the CI system', () => {
  const asked = (job: SnapshotInput['job'], now = 0, document?: StatusDocument): SnapshotInput => ({
    ...seen(now, document),
    job,
  });

  test.each([
    ['pending', 'running'],
    ['running', 'running'],
    ['failed', 'failed'],
    ['cancelled', 'cancelled'],
    ['skipped', 'absent'],
    ['absent', 'absent'],
  ] as const)('a pre-pull whose job is %s before the first write is %s', (job, decision) => {
    expect(decisions([asked(job, 1_000)])).toEqual([decision]);
  });

  test('the grace time counts only when the job’s state does not decide', () => {
    expect(decisions([asked('pending', 60_000), asked('pending', 600_000)])).toEqual(['running', 'timeout']);
    expect(decisions([asked('succeeded', 59_000), asked('succeeded', 60_000)])).toEqual([
      'running',
      'absent',
    ]);
    expect(decisions([asked(undefined, 60_000)])).toEqual(['absent']);
  });

  test.each([
    ['failed', 'failed'],
    ['cancelled', 'cancelled'],
    ['running', 'running'],
    ['pending', 'running'],
    ['succeeded', 'running'],
    ['skipped', 'running'],
    ['absent', 'running'],
    [undefined, 'running'],
  ] as const)('a running pre-pull in a job that is %s is %s', (job, decision) => {
    expect(decisions([asked(job, 0, status())])).toEqual([decision]);
  });

  test('a final state in the document wins', () => {
    expect(decisions([asked('failed', 0, status({ state: 'ready' }))])).toEqual(['ready']);
  });
});

describe('a document of another pipeline', () => {
  test('is stale', () => {
    expect(isLeftOver(status({ pipeline: '41' }), { ...policy, pipeline: '42' })).toBe(true);
  });

  test.each([
    ['the same pipeline', status({ pipeline: '42' }), { ...policy, pipeline: '42' }],
    ['a waiter without a pipeline', status({ pipeline: '41' }), policy],
    ['a pre-pull without a pipeline', status(), { ...policy, pipeline: '42' }],
    ['a settled copy', status({ pipeline: '41' }), { ...policy, pipeline: '42', settled: true }],
  ])('is not stale for %s', (_, document, wait) => {
    expect(isLeftOver(document, wait)).toBe(false);
  });
});
