import { stepsOf } from '../work-meter.ts';

/** Counts steps of work, and stops it past the limit. */
export type Spend = (steps: number) => void;

/** What a pattern is made of: one character, any one (`?`), or any number (`*`). */
type Token = { readonly char: string } | 'one' | 'any';

/**
 * A shell pattern with `*` and `?`, as `${NAME#pattern}` has it. Backslashes are ordinary characters here.
 */
export interface Glob {
  /** The lengths at which a prefix of `text`, from `start`, matches, in ascending order. */
  prefixLengths(text: string, start: number): Iterable<number>;
  /** The same pattern for texts that are read backwards. */
  readonly reversed: Glob;
}

/**
 * Compiles a pattern. It is matched by walking all its positions at once, so that no pattern takes more than
 * length × pattern steps; `spend` gets them.
 */
export function compileGlob(pattern: string, spend: Spend): Glob {
  return fromTokens(Array.from(pattern, tokenOf), spend);
}

function tokenOf(char: string): Token {
  if (char === '*') return 'any';
  return char === '?' ? 'one' : { char };
}

function fromTokens(tokens: readonly Token[], spend: Spend): Glob {
  function* prefixLengths(text: string, start: number): Iterable<number> {
    let states = closure(new Set([0]), tokens);
    let at = start;
    while (states.size > 0) {
      if (states.has(tokens.length)) yield at - start;
      if (at >= text.length) return;
      spend(stepsOf.glob * (states.size + 1));
      const char = String.fromCodePoint(text.codePointAt(at) ?? 0);
      states = closure(step(states, char, tokens), tokens);
      at += char.length;
    }
  }

  return {
    prefixLengths,
    get reversed() {
      return fromTokens([...tokens].reverse(), spend);
    },
  };
}

function step(states: ReadonlySet<number>, char: string, tokens: readonly Token[]): Set<number> {
  const next = new Set<number>();
  for (const state of states) {
    const token = tokens[state];
    if (token === undefined) continue;
    if (token === 'any') next.add(state);
    else if (token === 'one' || token.char === char) next.add(state + 1);
  }
  return next;
}

/** A star may match nothing: the position behind it is reached as well. A set is walked as it grows. */
function closure(states: Set<number>, tokens: readonly Token[]): ReadonlySet<number> {
  for (const state of states) if (tokens[state] === 'any') states.add(state + 1);
  return states;
}
