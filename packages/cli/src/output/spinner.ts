import ora from 'ora';
import type { Host } from '../host.ts';
import type { Progress } from './progress.ts';
import { safeText } from './safe-text.ts';

/** A spinner with the status beside it; permanent lines scroll above. */
export function createSpinnerProgress(stderr: Host['stderr']): Progress {
  let current = '';
  // Reads the status once per frame, however often it changes. Leaves stdin alone: raw mode would swallow
  // ctrl-C.
  const spinner = ora({ stream: process.stderr, discardStdin: false, suffixText: () => current });
  return {
    line(text) {
      spinner.clear();
      stderr.write(`${text}\n`);
    },
    status(text) {
      current = safeText(text);
      if (!spinner.isSpinning) spinner.start();
    },
    stop() {
      spinner.stop();
    },
  };
}
