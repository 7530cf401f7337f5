import { describe, expect, test } from '@jest/globals';
import { isDrayError } from '@drayage/core';
import fc from 'fast-check';
import { createWorkMeter, maxTextLength, type WorkMeter } from '../work-meter.ts';
import { parseDotenv } from './dotenv.ts';
import { expand, fallbackOperators, type Dialect, type Expansion, type VariableValue } from './expand.ts';
import { compileGlob } from './glob.ts';
import { recordLookup } from './record-lookup.ts';
import { replaceMatches, trimMatch } from './trim-and-replace.ts';

const compose: Dialect = {
  dollarEscapes: true,
  unquotes: false,
  operators: fallbackOperators,
  isStrict: true,
  hint: (name) => `Set ${name}.`,
};
const dockerfile: Dialect = {
  dollarEscapes: false,
  escape: '\\',
  unquotes: true,
  operators: [...fallbackOperators, '##', '#', '%%', '%', '//', '/'],
  isStrict: false,
  hint: (name) => `Set ${name}.`,
};
const gitlab: Dialect = { ...compose, operators: [], isStrict: false };

const dialects = fc.constantFrom(compose, dockerfile, gitlab);
const names = fc.constantFrom('A', 'B', 'C', 'D');

/** Texts that look like the language: pieces of expressions in any order, nested or broken. */
const pieces = fc.oneof(
  names.map((name) => `$${name}`),
  names.map((name) => `\${${name}}`),
  fc
    .tuple(names, fc.constantFrom(':-', '-', ':+', '+', ':?', '?', '#', '##', '%', '%%', '/', '//'))
    .map(([name, operator]) => `\${${name}${operator}`),
  fc.constantFrom('}', '$', '$$', '{', '\\', '"', "'", '*', '?', '/', ':', '${'),
  fc.string({ maxLength: 8, unit: 'binary' }),
);
const texts = fc.array(pieces, { maxLength: 40 }).map((parts) => parts.join(''));

const place = { file: 'file', line: 7 };
const limit = 2_000_000;

/** A meter that also says how much was spent. */
function countingMeter(): WorkMeter & { readonly spent: () => number } {
  const meter = createWorkMeter(String, limit);
  let spent = 0;
  return {
    ...meter,
    spend(steps, at) {
      spent += steps;
      meter.spend(steps, at);
    },
    spent: () => spent,
  };
}

/** Resolves with undefined when it stops at a limit; any other error fails the test. */
function stopped<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    if (!isDrayError(error, 'DISCOVERY_FAILED')) throw error;
    expect(error.message).toContain('file:7');
    return undefined;
  }
}

describe('properties of expansion', () => {
  test('it throws nothing but DISCOVERY_FAILED with the place, and its output and issues are bounded', () => {
    fc.assert(
      fc.property(texts, dialects, fc.dictionary(names, texts), (text, dialect, values) => {
        const meter = countingMeter();
        const lookup = recordLookup(values);
        const result = stopped(() => expand(text, dialect, lookup, { meter, place }));
        if (result === undefined) return;
        expect(result.text.length).toBeLessThanOrEqual(maxTextLength);
        expect(result.issues.length).toBeLessThanOrEqual(text.length);
        expect(new Set(result.issues.map(({ reason }) => reason)).size).toBe(result.issues.length);
      }),
      { numRuns: 2000 },
    );
  });

  test('chains of values that use each other, as ARG lines do, stay within the steps of the meter', () => {
    const lines = fc.array(fc.tuple(names, texts), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(lines, dialects, (assignments, dialect) => {
        const meter = countingMeter();
        const values = new Map<string, VariableValue>();
        stopped(() => {
          for (const [name, text] of assignments) {
            const value: Expansion = expand(text, dialect, (wanted) => values.get(wanted), { meter, place });
            expect(value.text.length).toBeLessThanOrEqual(maxTextLength);
            values.set(name, value);
          }
        });
        // The last call of `spend` is the one that throws: it may be one text long at most.
        expect(meter.spent()).toBeLessThanOrEqual(limit + maxTextLength * 4);
      }),
      { numRuns: 300 },
    );
  });

  test('text without special characters stays as it is', () => {
    const plain = fc.string({ unit: fc.constantFrom(...Array.from('abcXYZ019./:@-_ äß😀')) });
    fc.assert(
      fc.property(plain, dialects, (text, dialect) => {
        const { text: expanded, issues } = expand(text, dialect, () => undefined, {
          meter: countingMeter(),
          place,
        });
        expect({ expanded, issues }).toEqual({ expanded: text, issues: [] });
      }),
    );
  });

  test('.env files of any text are read', () => {
    const files = fc.array(
      fc.oneof(
        texts,
        fc.tuple(names, texts).map((pair) => pair.join('=')),
      ),
    );
    fc.assert(
      fc.property(files, (lines) => {
        const text = ['', '', '', '', '', '', ...lines].join('\n');
        try {
          const meter = countingMeter();
          const { values } = parseDotenv(text, () => undefined, { file: 'file', meter });
          for (const value of values.values()) expect(value.length).toBeLessThanOrEqual(maxTextLength);
        } catch (error) {
          if (!isDrayError(error, 'DISCOVERY_FAILED')) throw error;
        }
      }),
    );
  });
});

describe('properties of patterns', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', '/'), maxLength: 12 });
  const patterns = fc.string({ unit: fc.constantFrom('a', 'b', '/', '*', '?'), maxLength: 6 });
  const free = (): void => undefined;

  function regular(pattern: string): string {
    return pattern.replaceAll('/', '\\/').replaceAll('?', '.').replaceAll('*', '.*');
  }

  test('trimming agrees with regular expressions', () => {
    fc.assert(
      fc.property(letters, patterns, (value, pattern) => {
        const lengths = [...compileGlob(pattern, free).prefixLengths(value, 0)];
        const matches = new RegExp(`^${regular(pattern)}$`, 's');
        const expected = Array.from({ length: value.length + 1 }, (_, length) => length).filter((length) =>
          matches.test(value.slice(0, length)),
        );
        expect(lengths).toEqual(expected);
        const trimmed = trimMatch(value, '%%', pattern, free);
        const suffix = Array.from({ length: value.length + 1 }, (_, start) => start).find((start) =>
          matches.test(value.slice(start)),
        );
        expect(trimmed).toBe(value.slice(0, suffix ?? value.length));
      }),
      { numRuns: 1000 },
    );
  });

  test('replacing agrees with regular expressions', () => {
    const nonEmpty = patterns.filter((pattern) => /[^*]/.test(pattern));
    fc.assert(
      fc.property(letters, nonEmpty, fc.boolean(), (value, pattern, isGlobal) => {
        const how = { pattern, replacement: '-', isGlobal, spend: free, checkLength: free };
        const expected = value.replace(new RegExp(regular(pattern), isGlobal ? 'gs' : 's'), '-');
        expect(replaceMatches(value, how)).toBe(expected);
      }),
      { numRuns: 1000 },
    );
  });
});
