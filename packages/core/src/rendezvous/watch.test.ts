import { describe, expect, test } from '@jest/globals';
import { createMemoryTransport } from '../testing/memory-transport.ts';
import type { PrepullJob, PrepullJobState } from './prepull-job.ts';
import { formatStatus, type StatusDocument } from './status.ts';
import type { WaitPolicy } from './wait-decision.ts';
import { watch, type StatusSnapshot } from './watch.ts';

const policy: WaitPolicy = { timeoutMs: 60_000, graceMs: 0, settled: false };

const running: StatusDocument = {
  version: 1,
  runId: 'run-1',
  state: 'running',
  beat: 1,
  leaseMs: 30_000,
  startedAt: '',
  updatedAt: '',
  progress: { bytesFetched: 0, bytesReused: 0 },
  images: [],
};

/** A job with this fixed state; counts the requests. */
function jobThatIs(state: PrepullJobState | undefined): PrepullJob & { asked: number } {
  return {
    asked: 0,
    look() {
      this.asked += 1;
      return Promise.resolve(state);
    },
  };
}

async function lastOf(
  snapshots: AsyncIterable<StatusSnapshot>,
): Promise<StatusSnapshot['decision'] | undefined> {
  let last: StatusSnapshot['decision'] | undefined;
  for await (const { decision } of snapshots) last = decision;
  return last;
}

describe('a watch with a CI system', () => {
  test.each([
    ['failed', 'failed'],
    ['cancelled', 'cancelled'],
    ['skipped', 'absent'],
    ['absent', 'absent'],
  ] as const)('ends at once when the job is %s before the first write', async (state, kind) => {
    const { documents } = createMemoryTransport();
    const job = jobThatIs(state);
    const patient = { ...policy, graceMs: 60_000 };
    expect(await lastOf(watch(documents, { policy: patient, pollMs: 1, job }))).toEqual({ kind, job: state });
    expect(job.asked).toBe(1);
  });

  test('waits beyond the grace time while the job has no runner', async () => {
    const { documents } = createMemoryTransport();
    const seen: string[] = [];
    for await (const { decision } of watch(documents, { policy, pollMs: 1, job: jobThatIs('pending') })) {
      seen.push(decision.kind);
      await documents.write('dray-status.json', formatStatus({ ...running, state: 'ready' }));
    }
    expect(seen).toEqual(['running', 'ready']);
  });

  test('waits for the job until its time limit at most', async () => {
    const { documents } = createMemoryTransport();
    const short = { ...policy, timeoutMs: 20 };
    const last = await lastOf(watch(documents, { policy: short, pollMs: 1, job: jobThatIs('pending') }));
    expect(last?.kind).toBe('timeout');
  });

  test('does not wait for the lease of a pre-pull whose job has failed', async () => {
    const { documents } = createMemoryTransport();
    await documents.write('dray-status.json', formatStatus(running));
    const last = await lastOf(watch(documents, { policy, pollMs: 1, job: jobThatIs('failed') }));
    expect(last).toEqual({ kind: 'failed', job: 'failed' });
  });

  test('trusts the document of a job that succeeded', async () => {
    const { documents } = createMemoryTransport();
    await documents.write('dray-status.json', formatStatus({ ...running, state: 'ready' }));
    const last = await lastOf(watch(documents, { policy, pollMs: 1, job: jobThatIs('failed') }));
    expect(last).toEqual({ kind: 'ready' });
  });

  test('relies on the document alone when the CI system does not answer', async () => {
    const { documents } = createMemoryTransport();
    const refusing: PrepullJob = { look: () => Promise.reject(new Error('no answer')) };
    for (const job of [jobThatIs(undefined), refusing]) {
      expect(await lastOf(watch(documents, { policy, pollMs: 1, job }))).toEqual({ kind: 'absent' });
    }
  });

  test('does not query the CI system about a finished copy', async () => {
    const { documents } = createMemoryTransport();
    const job = jobThatIs('pending');
    const settled = { ...policy, settled: true };
    expect((await lastOf(watch(documents, { policy: settled, pollMs: 1, job })))?.kind).toBe('absent');
    expect(job.asked).toBe(0);
  });

  test('stops querying when it ends or is aborted', async () => {
    const { documents } = createMemoryTransport();
    const stopped: boolean[] = [];
    const silent: PrepullJob = {
      look: (signal) =>
        new Promise((_, reject) => {
          signal?.addEventListener('abort', () => {
            stopped.push(true);
            reject(new Error('aborted'));
          });
        }),
    };
    const controller = new AbortController();
    const watching = lastOf(watch(documents, { policy, pollMs: 1, job: silent, signal: controller.signal }));
    setImmediate(() => controller.abort());
    await expect(watching).rejects.toMatchObject({ code: 'ABORTED' });
    expect(stopped).toEqual([true]);
  });
});
