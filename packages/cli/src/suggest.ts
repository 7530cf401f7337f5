/** The word of `known` that `text` most likely misspells; undefined if none is close. Ignores case. */
export function nearest(text: string, known: readonly string[]): string | undefined {
  const limit = Math.max(1, Math.floor(text.length / 3));
  const ranked = known
    .map((candidate) => ({ candidate, distance: editDistance(normalized(text), normalized(candidate)) }))
    .filter(({ distance }) => distance <= limit)
    .sort((a, b) => a.distance - b.distance);
  return ranked[0]?.candidate;
}

/** The sentence of a hint: `Did you mean --timeout?`, else `otherwise`. */
export function suggestion(text: string, known: readonly string[], otherwise: string): string {
  const near = nearest(text, known);
  return near === undefined ? otherwise : `Did you mean ${near}?`;
}

function normalized(text: string): string {
  return text.toLowerCase().replaceAll(/[-_]/g, '');
}

/**
 * Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b` (optimal string
 * alignment).
 */
function editDistance(a: string, b: string): number {
  let [beforePrevious, previous]: [number[], number[]] = [
    [],
    Array.from({ length: b.length + 1 }, (_, j) => j),
  ];
  for (let i = 1; i <= a.length; i += 1) {
    const current = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const isSame = a[i - 1] === b[j - 1];
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const steps = [at(previous, j) + 1, at(current, j - 1) + 1, at(previous, j - 1) + (isSame ? 0 : 1)];
      current.push(Math.min(...steps, ...(isSwap ? [at(beforePrevious, j - 2) + 1] : [])));
    }
    [beforePrevious, previous] = [previous, current];
  }
  return at(previous, b.length);
}

function at(row: readonly number[], position: number): number {
  return row[position] ?? Number.POSITIVE_INFINITY;
}
