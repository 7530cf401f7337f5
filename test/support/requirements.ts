import { afterAll, beforeAll, describe, test } from '@jest/globals';

import { availableEngines, type EngineVariant } from './engine-programs.ts';
import { expectNoLeaks, holdings, type Holdings } from './leaks.ts';
import { programOnPath } from './parts.ts';
import { registryProgram } from './registry.ts';

/** Real parts that tests need. */
export interface Requirements {
  readonly engine?: EngineVariant;
  readonly registry?: boolean;
  readonly programs?: readonly string[];
  /** Mounts, or becomes another user. */
  readonly root?: boolean;
}

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

function missingParts({ engine, registry = false, programs = [], root = false }: Requirements): string[] {
  return [
    ...(root && process.getuid?.() !== 0 ? ['it must be run as root'] : []),
    ...(engine !== undefined && !availableEngines().includes(engine.name) ? [whyNoEngine(engine)] : []),
    ...(registry && registryProgram() === undefined ? ['there is no docker-registry'] : []),
    ...programs.filter((name) => programOnPath(name) === undefined).map((name) => `there is no ${name}`),
  ];
}

function whyNoEngine({ name }: EngineVariant): string {
  return process.getuid?.() === 0 ? `there is no engine ${name}` : `an engine must be started as root`;
}
