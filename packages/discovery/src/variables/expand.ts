import type { Issue } from '../yaml/tree.ts';

/** The value of a variable, with what went wrong while it was made and the variables it was made of. */
export interface VariableValue {
  readonly text: string;
  readonly issues?: readonly Issue[] | undefined;
  readonly used?: Iterable<string> | undefined;
}

/** The value of a variable; undefined when it is not set. */
export type Lookup = (name: string) => VariableValue | undefined;

/** How a kind of file writes variables. */
export interface Dialect {
  /** `$$` is a literal dollar. */
  readonly dollarEscapes: boolean;
  /** This character takes the special meaning from the next one. */
  readonly escape?: string | undefined;
  /** Quotes are taken away; single ones keep their content as it is. */
  readonly unquotes: boolean;
  /** What may follow the name in `${NAME…}`: longest first. */
  readonly operators: readonly string[];
  /** A dollar that begins no variable is an error; else it is a dollar. */
  readonly isStrict: boolean;
  /** How to give a value to a variable that has none. */
  readonly hint: (name: string) => string;
}

/** A text whose variables were replaced; those that are not set by nothing, as all these tools do. */
export interface Expansion {
  readonly text: string;
  readonly issues: readonly Issue[];
  /** The names that were looked up, also on the way. */
  readonly used: ReadonlySet<string>;
}

/** `${NAME:-default}` and its kin, as compose and Dockerfiles know them. */
export const fallbackOperators: readonly string[] = [':-', ':+', ':?', '-', '+', '?'];

/** Replaces the variables of `text`. Never throws: what went wrong is in the issues. */
export function expand(text: string, dialect: Dialect, lookup: Lookup): Expansion {
  const state: State = { text, dialect, lookup, issues: [], used: new Set() };
  return { text: expandRange(state, 0, text.length), issues: state.issues, used: state.used };
}

interface State {
  readonly text: string;
  readonly dialect: Dialect;
  readonly lookup: Lookup;
  readonly issues: Issue[];
  readonly used: Set<string>;
}

const namePattern = /[A-Za-z_][A-Za-z0-9_]*/y;

function expandRange(state: State, from: number, to: number): string {
  const { text, dialect } = state;
  let result = '';
  let at = from;
  while (at < to) {
    const char = text.charAt(at);
    if (char === dialect.escape && at + 1 < to) {
      result += text.charAt(at + 1);
      at += 2;
    } else if (dialect.unquotes && char === "'") {
      const end = endOf(text, "'", at + 1, to);
      result += text.slice(at + 1, end);
      at = end + 1;
    } else if (dialect.unquotes && char === '"') {
      at += 1;
    } else if (char === '$') {
      const piece = expandDollar(state, at, to);
      result += piece.text;
      at = piece.end;
    } else {
      result += char;
      at += 1;
    }
  }
  return result;
}

interface Piece {
  readonly text: string;
  /** Where the text goes on. */
  readonly end: number;
}

function expandDollar(state: State, at: number, to: number): Piece {
  const { text, dialect } = state;
  const next = text.charAt(at + 1);
  if (dialect.dollarEscapes && next === '$') return { text: '$', end: at + 2 };
  if (next === '{') return expandBraced(state, at, to);
  const name = nameAt(text, at + 1);
  if (name !== undefined) return { text: valueOf(state, name) ?? '', end: at + 1 + name.length };
  if (dialect.isStrict)
    addError(state, `"${text}" has a $ that begins no variable`, 'Write $$ for a dollar.');
  return { text: '$', end: at + 1 };
}

function expandBraced(state: State, at: number, to: number): Piece {
  const { text, dialect } = state;
  const end = closingBrace(text, at + 2, to, dialect.escape);
  const name = nameAt(text, at + 2);
  const rest = at + 2 + (name?.length ?? 0);
  const operator =
    end === undefined ? undefined : dialect.operators.find((known) => text.startsWith(known, rest));
  if (name === undefined || end === undefined || (rest < end && operator === undefined)) {
    if (!dialect.isStrict) return { text: '$', end: at + 1 };
    addError(
      state,
      `"${text.slice(at, (end ?? to) + 1)}" is no variable`,
      'Write ${NAME} or ${NAME:-default}.',
    );
    return { text: '', end: (end ?? to) + 1 };
  }
  const word = { from: rest + (operator?.length ?? 0), to: end };
  return { text: applyOperator(state, { name, operator, word }), end: end + 1 };
}

interface Braced {
  readonly name: string;
  readonly operator: string | undefined;
  readonly word: { readonly from: number; readonly to: number };
}

function applyOperator(state: State, { name, operator, word }: Braced): string {
  const argument = (): string => expandRange(state, word.from, word.to);
  if (operator === undefined) return valueOf(state, name) ?? '';
  if (operator.startsWith('/')) return replacePattern(state, { name, operator, word });
  if (!fallbackOperators.includes(operator)) {
    return trimPattern(valueOf(state, name) ?? '', operator, argument());
  }
  const value = quietValueOf(state, name);
  const isSet = value !== undefined && (value !== '' || !operator.startsWith(':'));
  if (operator.endsWith('+')) return isSet ? argument() : '';
  if (isSet) return value;
  if (operator.endsWith('-')) return argument();
  const message = argument();
  addError(
    state,
    `the variable "${name}" is required${message === '' ? '' : `: ${message}`}`,
    state.dialect.hint(name),
  );
  return '';
}

/** The value; when there is none, that is an issue. */
function valueOf(state: State, name: string): string | undefined {
  const value = quietValueOf(state, name);
  if (value === undefined) {
    const reason = `the variable "${name}" is not set`;
    state.issues.push({ severity: 'warning', reason, hint: state.dialect.hint(name) });
  }
  return value;
}

function quietValueOf(state: State, name: string): string | undefined {
  state.used.add(name);
  const value = state.lookup(name);
  state.issues.push(...(value?.issues ?? []));
  for (const other of value?.used ?? []) state.used.add(other);
  return value?.text;
}

function addError(state: State, reason: string, hint: string): void {
  state.issues.push({ severity: 'error', reason, hint });
}

function nameAt(text: string, at: number): string | undefined {
  namePattern.lastIndex = at;
  return namePattern.exec(text)?.[0];
}

function endOf(text: string, char: string, from: number, to: number): number {
  const end = text.indexOf(char, from);
  return end < 0 || end > to ? to : end;
}

/** Nobody nests defaults deeper; the limit keeps hostile text from exhausting the stack. */
const maxDepth = 50;

/** Where the brace that is open at `from` closes, past nested ones. */
function closingBrace(
  text: string,
  from: number,
  to: number,
  escape: string | undefined,
): number | undefined {
  let depth = 1;
  for (let at = from; at < to; at += 1) {
    if (text.charAt(at) === escape) at += 1;
    else if (text.startsWith('${', at)) depth += 1;
    else if (text.charAt(at) === '}') depth -= 1;
    if (depth === 0) return at;
    if (depth > maxDepth) return undefined;
  }
  return undefined;
}

/** `${NAME/pattern/text}`, and `//` for all places. @see Dockerfile reference, "Environment replacement" */
function replacePattern(state: State, { name, operator, word }: Braced): string {
  const value = valueOf(state, name) ?? '';
  const slash = separatorAt(state, word.from, word.to);
  const pattern = expandRange(state, word.from, slash);
  const replacement = expandRange(state, Math.min(slash + 1, word.to), word.to);
  if (pattern === '') return value;
  return value.replace(new RegExp(globSource(pattern), operator === '//' ? 'gs' : 's'), () => replacement);
}

/** The first slash that is not escaped, else the end. */
function separatorAt({ text, dialect }: State, from: number, to: number): number {
  for (let at = from; at < to; at += 1) {
    if (text.charAt(at) === dialect.escape) at += 1;
    else if (text.charAt(at) === '/') return at;
  }
  return to;
}

/** `${NAME#pattern}` and `%`, doubled for the longest match. @see Dockerfile reference, "Environment replacement" */
function trimPattern(value: string, operator: string, pattern: string): string {
  const lengths = Array.from({ length: value.length + 1 }, (_, length) => length);
  if (operator.length === 2) lengths.reverse();
  const matches = new RegExp(`^${globSource(pattern)}$`, 's');
  if (operator.startsWith('#')) {
    return value.slice(lengths.find((length) => matches.test(value.slice(0, length))) ?? 0);
  }
  const length = lengths.find((candidate) => matches.test(value.slice(value.length - candidate)));
  return value.slice(0, value.length - (length ?? 0));
}

function globSource(pattern: string): string {
  return Array.from(pattern, (char) => {
    if (char === '*') return '.*';
    return char === '?' ? '.' : char.replace(/[\\^$.|+()[\]{}]/g, '\\$&');
  }).join('');
}
