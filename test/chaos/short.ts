import { expect, test } from '@jest/globals';

import { describeWith } from '../support/requirements.ts';
import { runScenario, type Scenario } from './scenario.ts';

const seed = 1;

/** A round each, but a few more where a round is one short try. */
const moreRounds: Readonly<Record<string, number>> = { 'flip-verify': 12, 'flip-load': 6 };

/** Tests each scenario with a few tries. Scenarios are spread over several files, which run in parallel. */
export function testShortly(scenarios: readonly Scenario[]): void {
  for (const scenario of scenarios) {
    describeWith(scenario.needs, `chaos: ${scenario.name}`, () => {
      test('a few tries end without a failure', async () => {
        const result = await runScenario(scenario, { seed, rounds: moreRounds[scenario.name] ?? 1 });
        expect(result.failures).toEqual([]);
        expect(result.tries).toBeGreaterThan(1);
      });
    });
  }
}
