import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';

import { missingParts } from '../support/missing-parts.ts';
import { runScenario, type Scenario, type ScenarioResult } from './scenario.ts';
import { scenarios } from './scenarios.ts';
import { formatResults } from './table.ts';

const usage = `Usage: npm run chaos -- [--only NAME] [--rounds N] [--seed N]
Scenarios: ${scenarios.map(({ name }) => name).join(', ')}`;

process.exitCode = await main();

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { only: { type: 'string' }, rounds: { type: 'string' }, seed: { type: 'string' } },
  });
  const chosen = scenarios.filter(({ name }) => values.only === undefined || name === values.only);
  const seed = Number(values.seed ?? randomInt(2 ** 31));
  const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
  if (chosen.length === 0 || !Number.isInteger(seed) || !isCount(rounds)) {
    console.error(usage);
    return 2;
  }
  const missing = new Set(chosen.flatMap(({ needs }) => missingParts(needs)));
  if (missing.size > 0) {
    console.error(`cannot run the campaign: ${[...missing].join(', ')}`);
    return 1;
  }
  console.log(`seed ${String(seed)}`);
  const results: ScenarioResult[] = [];
  for (const scenario of chosen) results.push(await run(scenario, seed, rounds));
  console.log(`\n${formatResults(results)}`);
  const failed = results.filter(({ failures }) => failures.length > 0);
  for (const { scenario, failures } of failed) {
    console.log(`\n${scenario.name}:\n${failures.join('\n')}`);
    console.log(`to repeat: npm run chaos -- ${argumentsOf(scenario, seed, rounds)}`);
  }
  return failed.length > 0 ? 1 : 0;
}

async function run(scenario: Scenario, seed: number, rounds: number | undefined): Promise<ScenarioResult> {
  console.log(`\n${scenario.name}`);
  const onTry = (what: string, failure: string | undefined): void => {
    console.log(`  ${failure === undefined ? 'ok  ' : 'FAIL'}  ${what}`);
  };
  try {
    return await runScenario(scenario, { seed, rounds, onTry });
  } catch (error) {
    const failure = `cannot be carried out: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
    return { scenario, tries: 1, seconds: 0, failures: [failure] };
  }
}

function argumentsOf({ name }: Scenario, seed: number, rounds: number | undefined): string {
  return `--only ${name} --seed ${String(seed)}${rounds === undefined ? '' : ` --rounds ${String(rounds)}`}`;
}

function isCount(rounds: number | undefined): boolean {
  return rounds === undefined || (Number.isInteger(rounds) && rounds > 0);
}
