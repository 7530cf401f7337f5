import { constants } from 'node:os';
import { DrayError } from '@drayage/core';

/** The signals that end a run, and whether one has come. */
export interface StopSignals {
  readonly signal: AbortSignal;
  /** 128 and the number of the signal that came; undefined when none has. */
  exitCode(): number | undefined;
  /** Leaves the signals to the system again. */
  release(): void;
}

const stopping = ['SIGINT', 'SIGTERM'] as const;

/** Turns the first SIGINT or SIGTERM into an abort, so that everything ends tidily; the second ends the process at once. */
export function watchStopSignals(target: NodeJS.Process): StopSignals {
  const controller = new AbortController();
  let received: number | undefined;
  const onSignal = (name: NodeJS.Signals): void => {
    const exitCode = 128 + constants.signals[name];
    if (received !== undefined) target.exit(exitCode);
    received = exitCode;
    controller.abort(new DrayError('ABORTED', `cannot go on: stopped by ${name}`));
  };
  for (const name of stopping) target.on(name, onSignal);
  return {
    signal: controller.signal,
    exitCode: () => received,
    release() {
      for (const name of stopping) target.off(name, onSignal);
    },
  };
}
