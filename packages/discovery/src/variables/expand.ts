import { printable } from '@drayage/core';
import { stepsOf, type Work } from '../work-meter.ts';
import type { Issue } from '../yaml/tree.ts';
import { replaceMatches, trimMatch } from './trim-and-replace.ts';

/** The value of a variable, with the issues and the variables of its own expansion. */
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
  /** The character after this one loses its special meaning. */
  readonly escape?: string | undefined;
  /** Quotes are removed; the content of single quotes stays as it is. */
  readonly unquotes: boolean;
  /** What may follow the name in `${NAME…}`: longest first. */
  readonly operators: readonly string[];
  /** A dollar that begins no variable is an error; otherwise it stays a dollar. */
  readonly isStrict: boolean;
  /** The hint for an unset variable. */
  readonly hint: (name: string) => string;
}

/** A text with its variables replaced. Unset variables become empty, as in all these tools. */
export interface Expansion {
  readonly text: string;
  readonly issues: readonly Issue[];
  /** All names that were looked up, nested ones included. */
  readonly used: ReadonlySet<string>;
}

/** `${NAME:-default}` and the like, in compose files and Dockerfiles. */
export const fallbackOperators: readonly string[] = [':-', ':+', ':?', '-', '+', '?'];

/**
 * Replaces the variables of `text`. What is wrong with the text is in the issues, each once.
 * @throws DrayError `DISCOVERY_FAILED` naming the variable that makes the text, or the work, too long
 */
export function expand(text: string, dialect: Dialect, lookup: Lookup, work: Work): Expansion {
  const state: State = { text, dialect, lookup, work, issues: new Map(), used: new Set(), last: undefined };
  spend(state, text.length);
  checkLength(state, text.length);
  const expanded = expandRange(state, 0, text.length);
  return { text: expanded, issues: [...state.issues.values()], used: state.used };
}

interface State {
  readonly text: string;
  readonly dialect: Dialect;
  readonly lookup: Lookup;
  readonly work: Work;
  /** By reason: values that are used often bring their issues along each time. */
  readonly issues: Map<string, Issue>;
  readonly used: Set<string>;
  /** The variable that was looked up last, which errors name. */
  last: string | undefined;
}

function spend(state: State, steps: number): void {
  state.work.meter.spend(steps, { place: state.work.place, variable: state.last });
}

function checkLength(state: State, length: number): void {
  state.work.meter.checkLength(length, { place: state.work.place, variable: state.last });
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
      spend(state, piece.text.length);
      checkLength(state, result.length);
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
    addError(state, `"${excerpt(text)}" has a $ that begins no variable`, 'Write $$ for a dollar.');
  return { text: '$', end: at + 1 };
}

function expandBraced(state: State, at: number, to: number): Piece {
  const { text, dialect } = state;
  const end = closingBrace(state, at + 2, to);
  const name = nameAt(text, at + 2);
  const rest = at + 2 + (name?.length ?? 0);
  const operator =
    end === undefined ? undefined : dialect.operators.find((known) => text.startsWith(known, rest));
  if (name === undefined || end === undefined || (rest < end && operator === undefined)) {
    if (!dialect.isStrict) return { text: '$', end: at + 1 };
    addError(
      state,
      `"${excerpt(text.slice(at, (end ?? to) + 1))}" is not a variable`,
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
    const value = valueOf(state, name) ?? '';
    return trimMatch(value, operator, argument(), (steps) => spend(state, steps));
  }
  const value = quietValueOf(state, name);
  const isSet = value !== undefined && (value !== '' || !operator.startsWith(':'));
  if (operator.endsWith('+')) return isSet ? argument() : '';
  if (isSet) return value;
  if (operator.endsWith('-')) return argument();
  const message = argument();
  addError(
    state,
    `the variable "${name}" is required${message === '' ? '' : `: ${excerpt(message)}`}`,
    state.dialect.hint(name),
  );
  return '';
}

/** The value of a variable. An unset variable adds an issue. */
function valueOf(state: State, name: string): string | undefined {
  const value = quietValueOf(state, name);
  if (value === undefined) {
    const reason = `the variable "${name}" is not set`;
    addIssue(state, { severity: 'warning', reason, hint: state.dialect.hint(name) });
  }
  return value;
}

function quietValueOf(state: State, name: string): string | undefined {
  state.last = name;
  state.used.add(name);
  const value = state.lookup(name);
  // A lookup may expand other variables: from here on it is about this one again.
  state.last = name;
  const inherited = [...(value?.used ?? [])];
  const issues = value?.issues ?? [];
  spend(state, stepsOf.lookup * (1 + inherited.length + issues.length));
  for (const issue of issues) addIssue(state, issue);
  for (const other of inherited) state.used.add(other);
  return value?.text;
}

function addError(state: State, reason: string, hint: string): void {
  addIssue(state, { severity: 'error', reason, hint });
}

function addIssue({ issues }: State, issue: Issue): void {
  if (!issues.has(issue.reason)) issues.set(issue.reason, issue);
}

/** Enough of a text for a message: the whole text may be long, and have many mistakes. */
function excerpt(text: string): string {
  return printable(text.slice(0, 301), 300);
}

function nameAt(text: string, at: number): string | undefined {
  namePattern.lastIndex = at;
  return namePattern.exec(text)?.[0];
}

function endOf(text: string, char: string, from: number, to: number): number {
  const end = text.indexOf(char, from);
  return end < 0 || end > to ? to : end;
}

/** Far more than people nest defaults. Deeper text could exhaust the stack. */
const maxDepth = 50;

/** Where the brace that is open at `from` closes, past nested ones. */
function closingBrace(state: State, from: number, to: number): number | undefined {
  const { text, dialect } = state;
  let depth = 1;
  let at = from;
  for (; at < to && depth > 0 && depth <= maxDepth; at += 1) {
    if (text.charAt(at) === dialect.escape) at += 1;
    else if (text.startsWith('${', at)) depth += 1;
    else if (text.charAt(at) === '}') depth -= 1;
  }
  spend(state, at - from);
  return depth === 0 ? at - 1 : undefined;
}

/** `${NAME/pattern/text}`, and `//` for all places. @see Dockerfile reference, "Environment replacement" */
function replacePattern(state: State, { name, operator, word }: Braced): string {
  const value = valueOf(state, name) ?? '';
  const slash = separatorAt(state, word.from, word.to);
  const pattern = expandRange(state, word.from, slash);
  const replacement = expandRange(state, Math.min(slash + 1, word.to), word.to);
  return replaceMatches(value, {
    pattern,
    replacement,
    isGlobal: operator === '//',
    spend: (steps) => spend(state, steps),
    checkLength: (length) => checkLength(state, length),
  });
}

/** The first slash that is not escaped, else the end. */
function separatorAt({ text, dialect }: State, from: number, to: number): number {
  for (let at = from; at < to; at += 1) {
    if (text.charAt(at) === dialect.escape) at += 1;
    else if (text.charAt(at) === '/') return at;
  }
  return to;
}
