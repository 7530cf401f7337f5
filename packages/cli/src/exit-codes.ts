import { DrayError, UsageError } from '@drayage/core';
import type { ErrorCode, DeliveryReport, PrepullReport } from '@drayage/core';
import type { WaitReport } from '@drayage/core/handover';
import type { Config } from './options/option.ts';

/** What the program ends with; documented in docs/errors.md. A signal ends it with 128 and the signal's number. */
export const exitCodes = { done: 0, usage: 2, notAvailable: 3, timedOut: 4, bug: 70 } as const;

// Mistakes in what we were told, although the part that found them does not know that it came from a user.
const usageCodes: readonly ErrorCode[] = [
  'USAGE',
  'CONFIG_INVALID',
  'TRANSPORT_UNSUPPORTED',
  'ENGINE_CONFIG_INVALID',
  'LOCK_INVALID',
];

/** For an error that ended a command. */
export function errorExitCode(error: unknown): number {
  if (!(error instanceof DrayError)) return exitCodes.bug;
  if (error instanceof UsageError || usageCodes.includes(error.code)) return exitCodes.usage;
  return error.code === 'TIMED_OUT' ? exitCodes.timedOut : exitCodes.notAvailable;
}

/** A pre-pull that lacks a required image has not done its job. */
export function prepullExitCode({ outcome }: Pick<PrepullReport, 'outcome'>): number {
  return outcome === 'ready' ? exitCodes.done : exitCodes.notAvailable;
}

/** A cache that missed fails nothing, unless that was asked for. */
export function deliveryExitCode(
  { outcome, timedOut }: Pick<DeliveryReport, 'outcome' | 'timedOut'>,
  { strict, onMiss }: Pick<Config, 'strict' | 'onMiss'>,
): number {
  if (outcome === 'hit' || (!strict && onMiss !== 'fail')) return exitCodes.done;
  return timedOut === true ? exitCodes.timedOut : exitCodes.notAvailable;
}

/** Waiting in vain is what the exit code of `wait` is for. */
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
