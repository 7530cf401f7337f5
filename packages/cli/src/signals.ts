import { constants } from 'node:os';
import { DrayError } from '@drayage/core';

/** The signals that end a run. */
export interface StopSignals {
  readonly signal: AbortSignal;
  /** 128 plus the number of the received signal; undefined if none. */
  exitCode(): number | undefined;
  /** Restores the default signal handling. */
  release(): void;
}

const stopping = ['SIGINT', 'SIGTERM'] as const;

/**
 * Turns the first SIGINT or SIGTERM into an abort, for an orderly end; the second ends the process at once.
 */
export function watchStopSignals(target: NodeJS.Process): StopSignals {
  const controller = new AbortController();
  let received: number | undefined;
  const onSignal = (name: NodeJS.Signals): void => {
    const exitCode = 128 + constants.signals[name];
    if (received !== undefined) target.exit(exitCode);
    received = exitCode;
    controller.abort(new DrayError('ABORTED', `cannot continue: stopped by ${name}`));
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
