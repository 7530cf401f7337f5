import { parseArgs } from 'node:util';

/** What a campaign tries, and for how long. */
export interface CampaignOptions {
  readonly seed: number;
  /** Inputs for each target. */
  readonly runs: number;
  /** Time for all targets together (s). */
  readonly seconds: number;
  /** Names of targets, or the first letters of names; empty: all. */
  readonly only: readonly string[];
  readonly path?: string | undefined;
}

export const usage = `Usage: npm run fuzz -- [--seconds N] [--runs N] [--seed N] [--only NAME]… [--path PATH]

  --seconds N   time for all targets together (default 60, without --runs)
  --runs N      inputs for each target
  --seed N      the same seed tries the same inputs (default: random)
  --only NAME   only targets whose name begins with NAME; may be repeated
  --path PATH   with --seed and --only: the input that a run reported
`;

const defaultSeconds = 60;

/** Parses the command line; `randomSeed` is used unless it names a seed. @throws Error for a wrong one */
export function parseOptions(args: readonly string[], randomSeed: number): CampaignOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: 'string' },
      runs: { type: 'string' },
      seed: { type: 'string' },
      path: { type: 'string' },
      only: { type: 'string', multiple: true },
    },
  });
  const runs = values.runs === undefined ? undefined : count('runs', values.runs);
  const seconds = values.seconds === undefined ? undefined : count('seconds', values.seconds);
  return {
    seed: values.seed === undefined ? randomSeed : integer('seed', values.seed),
    runs: runs ?? Number.MAX_SAFE_INTEGER,
    seconds: seconds ?? (runs === undefined ? defaultSeconds : Number.MAX_SAFE_INTEGER),
    only: values.only ?? [],
    path: values.path,
  };
}

function count(name: string, text: string): number {
  const value = integer(name, text);
  if (value > 0) return value;
  throw new Error(`--${name} must be a positive number`);
}

function integer(name: string, text: string): number {
  if (/^-?\d{1,15}$/.test(text)) return Number(text);
  throw new Error(`--${name} must be a whole number`);
}
