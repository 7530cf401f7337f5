import { describe, expect, test } from '@jest/globals';
import { createLogProgress } from './progress.ts';

function setUp(): {
  readonly written: string[];
  tick: () => void;
  readonly progress: ReturnType<typeof createLogProgress>;
} {
  const written: string[] = [];
  let tick: () => void = () => undefined;
  const stderr = { isTerminal: false, write: (text: string) => void written.push(text) };
  const progress = createLogProgress(stderr, (onTick) => {
    tick = onTick;
    return () => {
      tick = () => undefined;
    };
  });
  return { written, tick: () => tick(), progress };
}

describe('progress in a log', () => {
  test('is one line after the other', () => {
    const { written, progress } = setUp();
    progress.line('a');
    progress.status('busy');
    progress.line('b');
    expect(written).toEqual(['a\n', 'b\n']);
  });

  test('prints the status after a silent interval, so that no runner ends the job', () => {
    const { written, tick, progress } = setUp();
    progress.status('busy: 1 of 3');
    progress.status('busy: 2 of 3');
    tick();
    tick();
    expect(written).toEqual(['busy: 2 of 3\n', 'busy: 2 of 3\n']);
  });

  test('does not repeat the status while lines come', () => {
    const { written, tick, progress } = setUp();
    progress.status('busy');
    progress.line('a');
    tick();
    expect(written).toEqual(['a\n']);
    tick();
    expect(written).toEqual(['a\n', 'busy\n']);
  });

  test('ends', () => {
    const { written, tick, progress } = setUp();
    progress.status('busy');
    progress.stop();
    progress.stop();
    tick();
    expect(written).toEqual([]);
  });
});
