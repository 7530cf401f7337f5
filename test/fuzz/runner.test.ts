import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { claim } from './claims.ts';
import { parseOptions } from './options.ts';
import { formatFailure, formatTable } from './report.ts';
import { createTargetRunner } from './run-target.ts';
import { defineTarget, type TargetLimits } from './target.ts';

const limits: TargetLimits = { seed: 1, runs: 1000, ms: 100_000 };
const noTries = (): void => undefined;

describe('a target', () => {
  test('with a fault reports the smallest input and leads to it again', async () => {
    const target = defineTarget('letters', fc.string(), (text) =>
      claim(!text.includes('a'), 'there is an a'),
    );
    const outcome = await target.check(limits, noTries);
    expect(outcome.failure).toMatchObject({ input: '"a"', reason: 'there is an a' });
    const again = await target.check({ ...limits, path: outcome.failure?.path, runs: 1 }, noTries);
    expect(again).toMatchObject({ tries: 1, failure: { input: '"a"' } });
    const report = { name: 'letters', seed: 1, ...outcome };
    expect(formatFailure(report)).toContain('repeat: npm run fuzz -- --only letters --seed 1 --path ');
    expect(formatTable([report])).toMatch(/^letters +\d+ +1 +1\nall +\d+ +1$/m);
  });

  test('without a fault counts its tries', async () => {
    let begun = 0;
    const target = defineTarget('numbers', fc.nat(), (number) => claim(number >= 0, 'it is negative'));
    const outcome = await target.check({ ...limits, runs: 50 }, () => {
      begun += 1;
    });
    expect([outcome, begun]).toEqual([{ tries: 50 }, 50]);
    expect(formatFailure({ name: 'numbers', seed: 1, ...outcome })).toBe('');
  });

  test('that takes too much processor time for an input has a fault', async () => {
    const target = defineTarget(
      'slow',
      fc.constant('x'),
      () => {
        for (const before = process.cpuUsage().user; process.cpuUsage().user - before < 20_000;);
      },
      { cpuLimitMs: 10 },
    );
    const { failure } = await target.check({ ...limits, runs: 1 }, noTries);
    expect(failure?.reason).toContain('processor time');
  });

  test('that ends its thread has a fault', async () => {
    const worker = new URL('data:text/javascript,process.exit(3)');
    const runner = createTargetRunner(worker, 'nowhere');
    for (const name of ['ends', 'ends again']) {
      const { failure } = await runner.run(name, limits);
      expect(failure).toEqual({ reason: 'the worker ended with exit code 3' });
    }
    await runner.close();
  });
});

describe('the options of a campaign', () => {
  test('are a time for all targets by default, or a number of runs', () => {
    expect(parseOptions([], 7)).toEqual({
      ...{ seed: 7, runs: Number.MAX_SAFE_INTEGER, seconds: 60, only: [], path: undefined },
    });
    expect(parseOptions(['--runs', '5', '--seed=-3', '--only', 'a', '--only', 'b'], 7)).toMatchObject({
      ...{ seed: -3, runs: 5, only: ['a', 'b'] },
    });
  });

  test.each([[['--runs', '0']], [['--seconds', 'x']], [['--unknown']]])('are refused: %j', (args) => {
    expect(() => parseOptions(args, 7)).toThrow();
  });
});
