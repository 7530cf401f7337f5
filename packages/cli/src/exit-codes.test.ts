import { describe, expect, test } from '@jest/globals';
import { DrayError, InvalidReferenceError, RegistryError, UsageError } from '@drayage/core';
import { errorExitCode, deliveryExitCode, prepullExitCode, waitExitCode } from './exit-codes.ts';

describe('the exit code', () => {
  test.each([
    [new UsageError('USAGE', 'x'), 2],
    [new InvalidReferenceError('REFERENCE_INVALID', 'x'), 2],
    [new DrayError('TRANSPORT_UNSUPPORTED', 'x'), 2],
    [new DrayError('TIMED_OUT', 'x'), 4],
    [new RegistryError('REGISTRY_UNREACHABLE', 'x'), 3],
    [new DrayError('BUNDLE_INVALID', 'x'), 3],
    [new TypeError('x'), 70],
    ['thrown text', 70],
  ])('for %p is %d', (error, code) => {
    expect(errorExitCode(error)).toBe(code);
  });

  test.each([
    ['ready', 0],
    ['partial', 3],
    ['failed', 3],
    ['cancelled', 3],
  ] as const)('of a pre-pull that ended %s is %d', (outcome, code) => {
    expect(prepullExitCode({ outcome })).toBe(code);
  });

  test.each([
    ['ready', 0],
    ['not-coming', 3],
    ['timeout', 4],
  ] as const)('of waiting that ended %s is %d', (outcome, code) => {
    expect(waitExitCode({ outcome })).toBe(code);
  });

  const lenient = { strict: false, onMiss: 'continue' } as const;
  const strict = { strict: true, onMiss: 'continue' } as const;
  const failing = { strict: false, onMiss: 'fail' } as const;
  const miss = { outcome: 'miss', reason: 'timeout: as the job of the pre-pull calls its failure' } as const;
  const late = { outcome: 'miss', timedOut: true } as const;

  test.each([
    [{ outcome: 'hit' } as const, strict, 0],
    [miss, lenient, 0],
    [late, lenient, 0],
    [miss, { strict: false, onMiss: 'pull' } as const, 0],
    [miss, strict, 3],
    [miss, failing, 3],
    [{ outcome: 'partial' } as const, strict, 3],
    [{ outcome: 'partial', timedOut: true } as const, strict, 4],
    [late, strict, 4],
    [late, failing, 4],
  ])('of a load: %j %j is %d', (report, config, code) => {
    expect(deliveryExitCode(report, config)).toBe(code);
  });
});
