import type { WorkMeter } from '../work-meter.ts';
import { expand, fallbackOperators, type Dialect, type Lookup } from './expand.ts';

/** What a `.env` file sets, and the lines (from 1) that set nothing. */
export interface Dotenv {
  readonly values: ReadonlyMap<string, string>;
  readonly badLines: readonly number[];
}

const dialect: Dialect = {
  dollarEscapes: false,
  escape: '\\',
  unquotes: false,
  operators: fallbackOperators,
  isStrict: false,
  hint: (name) => `Set ${name}.`,
};

const assignment = /^[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_.-]*)[ \t]*([=:]?)[ \t]*/;

/**
 * Parses a `.env` file as compose does: comments, `export`, quotes (also over several lines), and variables
 * in all but single quotes. A name without a value takes that of `env`.
 * @throws DrayError `DISCOVERY_FAILED` when a value, or the work, grows past the limits of `meter`
 * @see Docker compose, "Environment variables: interpolation", `.env` file syntax
 */
export function parseDotenv(
  text: string,
  env: Lookup,
  { file, meter }: { readonly file: string; readonly meter: WorkMeter },
): Dotenv {
  const values = new Map<string, string>();
  const badLines: number[] = [];
  const lookup: Lookup = (name) => {
    const own = values.get(name);
    return env(name) ?? (own === undefined ? undefined : { text: own });
  };
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? '';
    if (/^\s*(#|$)/.test(line)) continue;
    const [start = '', name, sign] = assignment.exec(line) ?? [];
    const rest = line.slice(start.length);
    if (name === undefined || (sign === '' && plainValue(rest) !== '')) {
      badLines.push(at + 1);
      continue;
    }
    const work = { meter, place: { file, line: at + 1 } };
    const quoted = sign === '' ? undefined : readQuoted(rest, lines, at);
    at += quoted?.moreLines ?? 0;
    if (sign === '') values.set(name, env(name)?.text ?? '');
    else if (quoted?.quote === "'") values.set(name, quoted.text);
    else values.set(name, expand(quoted?.text ?? plainValue(rest), dialect, lookup, work).text);
  }
  return { values, badLines };
}

/** A value without quotes ends at a comment, which a space precedes. */
function plainValue(text: string): string {
  return text.replace(/(^|\s)#.*$/, '').trim();
}

interface Quoted {
  readonly quote: string;
  readonly text: string;
  /** Lines that the value takes up besides the first. */
  readonly moreLines: number;
}

/**
 * The quoted value that begins with `first` on line `at`; undefined when there is no quote, or none that
 * closes.
 */
function readQuoted(first: string, lines: readonly string[], at: number): Quoted | undefined {
  const quote = first.charAt(0);
  if (quote !== '"' && quote !== "'") return undefined;
  const parts: string[] = [];
  const last = Math.min(lines.length, at + maxQuotedLines);
  for (let line = at; line < last; line += 1) {
    const text = line === at ? first.slice(1) : (lines[line] ?? '');
    const end = closingQuote(text, quote);
    parts.push(text.slice(0, end));
    if (end === undefined) continue;
    const inner = parts.join('\n');
    return { quote, text: quote === '"' ? unescape(inner) : inner, moreLines: parts.length - 1 };
  }
  return undefined;
}

/**
 * Certificates have about 50 lines. The limit keeps quotes that stay open from being looked for again and
 * again.
 */
const maxQuotedLines = 1000;

function closingQuote(text: string, quote: string): number | undefined {
  for (let at = 0; at < text.length; at += 1) {
    if (text.charAt(at) === '\\' && quote === '"') at += 1;
    else if (text.charAt(at) === quote) return at;
  }
  return undefined;
}

function unescape(text: string): string {
  return text.replace(/\\([nrt"])/g, (_, char: string) => {
    if (char === 'n') return '\n';
    if (char === 'r') return '\r';
    return char === 't' ? '\t' : char;
  });
}
