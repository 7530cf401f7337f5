import { describe, expect, test } from '@jest/globals';
import { DrayError } from '../errors.ts';
import { rejectionCode, rejectionOf } from '../testing/contracts/contract.ts';
import { createPool } from './pool.ts';

describe('a pool', () => {
  test('runs at most as many tasks as its bound, and returns results in order', async () => {
    const pool = createPool(3);
    let [running, most] = [0, 0];
    const results = await pool.map([5, 1, 4, 2, 3, 0], async (item) => {
      running += 1;
      most = Math.max(most, running);
      for (let turn = 0; turn < item; turn += 1) await Promise.resolve();
      running -= 1;
      return item * 2;
    });
    expect(results).toEqual([10, 2, 8, 4, 6, 0]);
    expect(most).toBe(3);
  });

  test('has at least one slot', async () => {
    expect(createPool(0).concurrency).toBe(1);
    expect(await createPool(0).run(async () => 1)).toBe(1);
  });

  test('shares its slots among all callers', async () => {
    const pool = createPool(1);
    const order: string[] = [];
    await Promise.all([
      pool.run(async () => {
        await Promise.resolve();
        order.push('first');
      }),
      pool.map(['second', 'third'], async (name) => order.push(name)),
    ]);
    expect(order).toEqual(['first', 'second', 'third']);
  });

  test('after a failure starts nothing, stops running tasks and throws the first failure', async () => {
    const pool = createPool(2);
    const started: string[] = [];
    let isEnded = false;
    const failure = new Error('second failed');
    const running = pool.map(['first', 'second', 'third', 'fourth'], async (name, signal) => {
      started.push(name);
      if (name === 'second') throw failure;
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      isEnded = true;
      throw new Error('stopped');
    });
    expect(await rejectionOf(running)).toBe(failure);
    expect(started).toEqual(['first', 'second']);
    expect(isEnded).toBe(true);
    expect(await pool.run(async () => 'still usable')).toBe('still usable');
  });

  test('drops a queued task at once when aborted, and never starts it', async () => {
    const pool = createPool(1);
    const controller = new AbortController();
    let finish: () => void = () => undefined;
    const first = pool.run(() => new Promise<void>((resolve) => (finish = resolve)));
    let isStarted = false;
    const second = pool.run(async () => (isStarted = true), controller.signal);
    controller.abort();
    expect(await rejectionCode(second)).toBe('ABORTED');
    finish();
    await first;
    await pool.run(async () => undefined);
    expect(isStarted).toBe(false);
  });

  test('leaves a running task to its own signal', async () => {
    const controller = new AbortController();
    let finish: (value: string) => void = () => undefined;
    const task = createPool(1).run(
      () => new Promise<string>((resolve) => (finish = resolve)),
      controller.signal,
    );
    await Promise.resolve();
    controller.abort();
    finish('done');
    expect(await task).toBe('done');
  });

  test('passes on the reason of an abort', async () => {
    const reason = new DrayError('TIMED_OUT', 'cannot wait: it took too long');
    const failure = await rejectionOf(createPool(1).map([1], async () => 1, AbortSignal.abort(reason)));
    expect(failure).toBe(reason);
  });
});
