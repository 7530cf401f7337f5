import { DrayError, UsageError } from '@drayage/core';
import type { ErrorCode, DeliveryReport, PrepullReport } from '@drayage/core';
import type { WaitReport } from '@drayage/core/handover';
import type { Config } from './options/option.ts';

/** Exit codes; see docs/errors.md. After a signal, 128 plus its number. */
export const exitCodes = { done: 0, usage: 2, notAvailable: 3, timedOut: 4, bug: 70 } as const;

// Codes of errors in the user's input, although the code that throws them does not know where it came from.
const usageCodes: readonly ErrorCode[] = [
  'USAGE',
  'CONFIG_INVALID',
  'TRANSPORT_UNSUPPORTED',
  'ENGINE_CONFIG_INVALID',
  'LOCK_INVALID',
];

/** The exit code for an error that ended a command. */
export function errorExitCode(error: unknown): number {
  if (!(error instanceof DrayError)) return exitCodes.bug;
  if (error instanceof UsageError || usageCodes.includes(error.code)) return exitCodes.usage;
  return error.code === 'TIMED_OUT' ? exitCodes.timedOut : exitCodes.notAvailable;
}

/** A pre-pull fails if it lacks a required image. */
export function prepullExitCode({ outcome, error }: Pick<PrepullReport, 'outcome' | 'error'>): number {
  if (outcome === 'ready') return exitCodes.done;
  return error?.code === 'TIMED_OUT' ? exitCodes.timedOut : exitCodes.notAvailable;
}

/** A missing image is a failure only with `--strict` or `--on-miss fail`. */
export function deliveryExitCode(
  { outcome, timedOut }: Pick<DeliveryReport, 'outcome' | 'timedOut'>,
  { strict, onMiss }: Pick<Config, 'strict' | 'onMiss'>,
): number {
  if (outcome === 'hit' || (!strict && onMiss !== 'fail')) return exitCodes.done;
  return timedOut === true ? exitCodes.timedOut : exitCodes.notAvailable;
}

/** The exit code of `wait` is its result. */
export function waitExitCode({ outcome }: Pick<WaitReport, 'outcome'>): number {
  switch (outcome) {
    case 'ready':
      return exitCodes.done;
    case 'not-coming':
      return exitCodes.notAvailable;
    case 'timeout':
      return exitCodes.timedOut;
  }
}
