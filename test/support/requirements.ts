import { afterAll, beforeAll, describe, test } from '@jest/globals';

import { expectNoLeaks, holdings, type Holdings } from './leaks.ts';
import { missingParts, type Requirements } from './missing-parts.ts';

/**
 * Declares tests that need real parts. Where a part is missing they are skipped, and it is said why;
 * with `CI=true` they fail.
 */
export function describeWith(needs: Requirements, title: string, declare: () => void): void {
  const missing = missingParts(needs);
  if (missing.length === 0) {
    describe(title, () => {
      declareWithoutLeaks(declare);
    });
    return;
  }
  const reason = `cannot test ${title}: ${missing.join(', ')}`;
  if (process.env['CI'] === 'true') {
    test(title, () => {
      throw new Error(reason);
    });
    return;
  }
  console.warn(reason);
  describe.skip(title, declare);
}

/** Whatever the tests start, mount or create must be gone in the end. */
function declareWithoutLeaks(declare: () => void): void {
  let before: Holdings | undefined;
  beforeAll(() => {
    before = holdings();
  });
  declare();
  // Hooks run in the order they are declared in: this one sees what all others have left.
  afterAll(async () => {
    if (before !== undefined) await expectNoLeaks(before);
  });
}
