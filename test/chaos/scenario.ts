import { createHash } from 'node:crypto';

import { createRandom, type Random } from '@drayage/core/testing';

import { engineVariants, type EngineVariant } from '../support/engine-programs.ts';
import type { Requirements } from '../support/missing-parts.ts';

/** One kind of fault, tried many times. */
export interface Scenario {
  /** What `--only` takes. */
  readonly name: string;
  readonly needs: Requirements;
  /** Rounds of the whole campaign; each scenario decides how many tries a round has. */
  readonly rounds: number;
  /** What a try without a failure is called in the table. */
  readonly success: 'recovered' | 'found' | 'arrived' | 'as documented';
  /** Makes its tries; throws only if it cannot be carried out. Leaves nothing behind. */
  readonly run: (campaign: Campaign) => Promise<void>;
}

export interface Campaign {
  readonly rounds: number;
  /** The same for the same seed and scenario. */
  readonly random: Random;
  /** Makes one try. Records its rejection as a failure, and resolves. */
  readonly attempt: (what: string, action: () => Promise<void>) => Promise<void>;
}

export interface ScenarioResult {
  readonly scenario: Scenario;
  readonly tries: number;
  readonly seconds: number;
  readonly failures: readonly string[];
}

export interface RunOptions {
  readonly seed: number;
  readonly rounds?: number | undefined;
  /** Called after each try. */
  readonly onTry?: ((what: string, failure: string | undefined) => void) | undefined;
}

export async function runScenario(scenario: Scenario, options: RunOptions): Promise<ScenarioResult> {
  const startedAt = performance.now();
  const failures: string[] = [];
  let tries = 0;
  const attempt: Campaign['attempt'] = async (what, action) => {
    const failure = await action().then(() => undefined, messageOf);
    tries += 1;
    if (failure !== undefined) failures.push(`${what}: ${failure}`);
    options.onTry?.(what, failure);
  };
  const rounds = options.rounds ?? scenario.rounds;
  await scenario.run({ rounds, random: createRandom(seedOf(scenario, options.seed)), attempt });
  return { scenario, tries, seconds: (performance.now() - startedAt) / 1000, failures };
}

/** Each scenario has its own sequence, so that `--only` repeats exactly what the whole campaign did. */
function seedOf({ name }: Scenario, seed: number): number {
  return createHash('sha256')
    .update(`${name} ${String(seed)}`)
    .digest()
    .readUInt32LE();
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Every engine; with fewer rounds than engines, as many of them as rounds. */
export function enginesFor({ rounds, random }: Campaign): readonly EngineVariant[] {
  const variants = [...engineVariants];
  while (variants.length > rounds) variants.splice(random.below(variants.length), 1);
  return variants;
}
