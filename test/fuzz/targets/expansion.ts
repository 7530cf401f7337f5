import fc from 'fast-check';
import { isDrayError } from '@drayage/core';
import { parseDotenv } from '../../../packages/discovery/src/variables/dotenv.ts';
import {
  expand,
  fallbackOperators,
  type Dialect,
  type Expansion,
  type VariableValue,
} from '../../../packages/discovery/src/variables/expand.ts';
import { compileGlob } from '../../../packages/discovery/src/variables/glob.ts';
import { recordLookup } from '../../../packages/discovery/src/variables/record-lookup.ts';
import { replaceMatches, trimMatch } from '../../../packages/discovery/src/variables/trim-and-replace.ts';
import {
  createWorkMeter,
  maxTextLength,
  type WorkMeter,
} from '../../../packages/discovery/src/work-meter.ts';
import { claim, claimEqual } from '../claims.ts';
import { defineTarget, type Target } from '../target.ts';

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

/** The result, or undefined when it stops at a limit; any other error is a fault. */
function stopped<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    if (!isDrayError(error, 'DISCOVERY_FAILED')) throw error;
    claim(error.message.includes('file:7'), 'the error does not name the place');
    return undefined;
  }
}

const expansions = defineTarget(
  'expansion',
  fc.record({ text: texts, dialect: dialects, values: fc.dictionary(names, texts) }),
  ({ text, dialect, values }) => {
    const lookup = recordLookup(values);
    const result = stopped(() => expand(text, dialect, lookup, { meter: countingMeter(), place }));
    if (result === undefined) return;
    claim(result.text.length <= maxTextLength, 'the text is too long');
    claim(result.issues.length <= text.length, 'there are more issues than characters');
    const reasons = new Set(result.issues.map(({ reason }) => reason));
    claimEqual(reasons.size, result.issues.length, 'an issue occurs twice');
  },
);

const chains = defineTarget(
  'expansion-chains',
  fc.record({
    assignments: fc.array(fc.tuple(names, texts), { minLength: 1, maxLength: 60 }),
    dialect: dialects,
  }),
  ({ assignments, dialect }) => {
    const meter = countingMeter();
    const values = new Map<string, VariableValue>();
    stopped(() => {
      for (const [name, text] of assignments) {
        const value: Expansion = expand(text, dialect, (wanted) => values.get(wanted), { meter, place });
        claim(value.text.length <= maxTextLength, 'the text is too long');
        values.set(name, value);
      }
    });
    // The last call of `spend` is the one that throws: it may be one text long at most.
    claim(meter.spent() <= limit + maxTextLength * 4, 'more work was done than the meter allows');
  },
);

const plainTexts = fc.string({ unit: fc.constantFrom(...Array.from('abcXYZ019./:@-_ äß😀')) });

const plain = defineTarget('expansion-plain', fc.tuple(plainTexts, dialects), ([text, dialect]) => {
  const { text: expanded, issues } = expand(text, dialect, () => undefined, {
    meter: countingMeter(),
    place,
  });
  claimEqual({ expanded, issues }, { expanded: text, issues: [] }, 'plain text changed');
});

const assignmentLines = fc.array(
  fc.oneof(
    texts,
    fc.tuple(names, texts).map((pair) => pair.join('=')),
  ),
);

const dotenv = defineTarget('dotenv', assignmentLines, (lines) => {
  const meter = countingMeter();
  try {
    const { values } = parseDotenv(lines.join('\n'), () => undefined, { file: 'file', meter });
    for (const value of values.values()) claim(value.length <= maxTextLength, 'a value is too long');
  } catch (error) {
    if (!isDrayError(error, 'DISCOVERY_FAILED')) throw error;
  }
});

const letters = fc.string({ unit: fc.constantFrom('a', 'b', '/'), maxLength: 12 });
const patterns = fc.string({ unit: fc.constantFrom('a', 'b', '/', '*', '?'), maxLength: 6 });
const free = (): void => undefined;

function regular(pattern: string): string {
  return pattern.replaceAll('/', '\\/').replaceAll('?', '.').replaceAll('*', '.*');
}

const trimming = defineTarget('expansion-trimming', fc.tuple(letters, patterns), ([value, pattern]) => {
  const places = Array.from({ length: value.length + 1 }, (_, at) => at);
  const matches = new RegExp(`^${regular(pattern)}$`, 's');
  const lengths = [...compileGlob(pattern, free).prefixLengths(value, 0)];
  const expected = places.filter((length) => matches.test(value.slice(0, length)));
  claimEqual(lengths, expected, 'other prefixes match a regular expression');
  const suffix = places.find((start) => matches.test(value.slice(start)));
  const trimmed = trimMatch(value, '%%', pattern, free);
  claimEqual(trimmed, value.slice(0, suffix ?? value.length), 'a regular expression trims differently');
});

const replacing = defineTarget(
  'expansion-replacing',
  fc.tuple(
    letters,
    patterns.filter((pattern) => /[^*]/.test(pattern)),
    fc.boolean(),
  ),
  ([value, pattern, isGlobal]) => {
    const how = { pattern, replacement: '-', isGlobal, spend: free, checkLength: free };
    const expected = value.replace(new RegExp(regular(pattern), isGlobal ? 'gs' : 's'), '-');
    claimEqual(replaceMatches(value, how), expected, 'a regular expression replaces differently');
  },
);

export const expansionTargets: readonly Target[] = [
  ...[expansions, chains, plain, dotenv, trimming, replacing],
];
