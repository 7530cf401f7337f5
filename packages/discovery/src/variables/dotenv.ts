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
 * Parses a `.env` file as compose does: comments, `export`, quotes (also over several lines), and variables in all but single quotes. A
 * name without a value takes that of `env`.
 * @see Docker compose, "Environment variables: interpolation", `.env` file syntax
 */
export function parseDotenv(text: string, env: Lookup): Dotenv {
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
    const quoted = sign === '' ? undefined : readQuoted([rest, ...lines.slice(at + 1)]);
    at += quoted?.moreLines ?? 0;
    if (sign === '') values.set(name, env(name)?.text ?? '');
    else if (quoted?.quote === "'") values.set(name, quoted.text);
    else values.set(name, expand(quoted?.text ?? plainValue(rest), dialect, lookup).text);
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

function readQuoted(lines: readonly string[]): Quoted | undefined {
  const quote = lines[0]?.charAt(0) ?? '';
  if (quote !== '"' && quote !== "'") return undefined;
  const text = lines.join('\n');
  for (let at = 1; at < text.length; at += 1) {
    if (text.charAt(at) === '\\' && quote === '"') at += 1;
    else if (text.charAt(at) === quote) {
      const inner = text.slice(1, at);
      return {
        quote,
        text: quote === '"' ? unescape(inner) : inner,
        moreLines: inner.split('\n').length - 1,
      };
    }
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
