import ora from 'ora';
import type { Host } from '../host.ts';
import type { Progress } from './progress.ts';

/** A spinner with the status beside it; lines scroll by above. */
export function createSpinnerProgress(stderr: Host['stderr']): Progress {
  let current = '';
  // The status is asked for once a frame, however often it changes. stdin stays as it is: a terminal in raw mode would keep ctrl-C from us.
  const spinner = ora({ stream: process.stderr, discardStdin: false, suffixText: () => current });
  return {
    line(text) {
      spinner.clear();
      stderr.write(`${text}\n`);
    },
    status(text) {
      current = text;
      if (!spinner.isSpinning) spinner.start();
    },
    stop() {
      spinner.stop();
    },
  };
}
