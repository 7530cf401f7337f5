/** One way to do some work. */
export interface Contender {
  readonly name: string;
  /** Untimed, before every run. */
  readonly prepare: () => Promise<unknown>;
  readonly run: () => Promise<unknown>;
}

/** What one contender needed. */
export interface Timing {
  readonly name: string;
  /** ms, one for each round. */
  readonly runs: readonly number[];
  readonly medianMs: number;
}

/** Runs all contenders in turn, round after round, so that what disturbs the machine disturbs them alike. */
export async function compare(contenders: readonly Contender[], rounds: number): Promise<readonly Timing[]> {
  const runs = contenders.map((): number[] => []);
  for (let round = 0; round < rounds; round += 1) {
    for (const [position, contender] of contenders.entries()) {
      await contender.prepare();
      const startedAt = performance.now();
      await contender.run();
      runs[position]?.push(performance.now() - startedAt);
    }
  }
  return contenders.map(({ name }, position) => {
    const taken = runs[position] ?? [];
    return { name, runs: taken, medianMs: median(taken) };
  });
}

/** A table of the timings; ratios are to the first contender. */
export function formatTimings(title: string, timings: readonly Timing[]): string {
  const first = timings[0]?.medianMs ?? Number.NaN;
  const longest = Math.max(...timings.map(({ name }) => name.length));
  const rows = timings.map(({ name, runs, medianMs }) => {
    const each = runs.map((ms) => (ms / 1_000).toFixed(2)).join(' ');
    const ratio = `${(medianMs / first).toFixed(2)} x`;
    return `  ${name.padEnd(longest)}  ${(medianMs / 1_000).toFixed(2).padStart(7)} s  ${ratio.padStart(8)}   (${each})`;
  });
  return [title, ...rows, ''].join('\n');
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low = Number.NaN, high = Number.NaN] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[middle]];
  return (low + high) / 2;
}
