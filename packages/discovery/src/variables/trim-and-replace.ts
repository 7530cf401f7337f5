import { compileGlob, type Spend } from './glob.ts';

/**
 * `${NAME#pattern}` and `%`, doubled for the longest match.
 * @see Dockerfile reference, "Environment replacement"
 */
export function trimMatch(value: string, operator: string, pattern: string, spend: Spend): string {
  const glob = compileGlob(pattern, spend);
  const isLongest = operator.length === 2;
  if (operator.startsWith('#')) return value.slice(matchLength(glob.prefixLengths(value, 0), isLongest) ?? 0);
  const backwards = Array.from(value).reverse().join('');
  const length = matchLength(glob.reversed.prefixLengths(backwards, 0), isLongest) ?? 0;
  return value.slice(0, value.length - length);
}

export interface Replacement {
  readonly pattern: string;
  readonly replacement: string;
  /** Every match is replaced, not only the first. */
  readonly isGlobal: boolean;
  readonly spend: Spend;
  /** Stops a result that gets too long. */
  readonly checkLength: (length: number) => void;
}

/** `${NAME/pattern/text}`: at each place the longest match, as BuildKit's regular expressions find it. */
export function replaceMatches(
  value: string,
  { pattern, replacement, isGlobal, spend, checkLength }: Replacement,
): string {
  if (pattern === '') return value;
  const glob = compileGlob(pattern, spend);
  let result = '';
  let at = 0;
  while (at < value.length) {
    spend(1);
    const length = matchLength(glob.prefixLengths(value, at), true);
    if (length === undefined || length === 0) {
      result += value.charAt(at);
      at += 1;
      continue;
    }
    spend(replacement.length);
    result += replacement;
    checkLength(result.length);
    at += length;
    if (!isGlobal) break;
  }
  return result + value.slice(at);
}

function matchLength(lengths: Iterable<number>, isLongest: boolean): number | undefined {
  let found: number | undefined;
  for (const length of lengths) {
    found = length;
    if (!isLongest) return found;
  }
  return found;
}
