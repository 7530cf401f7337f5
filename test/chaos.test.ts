import { expect, test } from '@jest/globals';

import { runScenario } from './chaos/scenario.ts';
import { scenarios } from './chaos/scenarios.ts';
import { describeWith } from './support/requirements.ts';

const seed = 1;

/** A round each, but a few more where a round is one short try. */
const moreRounds: Readonly<Record<string, number>> = { 'flip-verify': 12, 'flip-load': 6 };

for (const scenario of scenarios) {
  describeWith(scenario.needs, `chaos: ${scenario.name}`, () => {
    test('a few tries end without a failure', async () => {
      const result = await runScenario(scenario, { seed, rounds: moreRounds[scenario.name] ?? 1 });
      expect(result.failures).toEqual([]);
      expect(result.tries).toBeGreaterThan(1);
    });
  });
}
