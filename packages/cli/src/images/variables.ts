import { UsageError, printable } from '@drayage/core';
import { slug } from './slug.ts';

export type Variables = Readonly<Record<string, string | undefined>>;

interface Expression {
  readonly name: string;
  readonly isSlug: boolean;
  readonly operator: ':-' | ':?' | undefined;
  readonly operand: string;
}

const expressionPattern = /^([A-Za-z_][A-Za-z0-9_]*)(\|slug)?(?:(:-|:\?)([\s\S]*))?$/;

// Longer than any value of a setting; the depth keeps nested defaults from exhausting the stack.
const maxLength = 65_536;
const maxDepth = 20;

/**
 * Replaces `${NAME}`, `${NAME:-default}` and `${NAME:?message}`; `${NAME|slug}` makes the value a valid tag
 * first (see {@link slug}). Empty counts as unset. Defaults may hold expressions themselves. `where` names
 * the place of the text in messages.
 * @throws UsageError `VARIABLE_MISSING` that names the variable; `CONFIG_INVALID` for any other expression,
 * and for a
 *   result of more than 65,536 characters
 */
export function expandVariables(text: string, variables: Variables, where: string): string {
  if (text.length > maxLength) throw tooLong(text, where);
  return expandNested(text, variables, { where, depth: 0 });
}

interface Expanding {
  readonly where: string;
  /** Count of defaults around the text. */
  readonly depth: number;
}

function expandNested(text: string, variables: Variables, expanding: Expanding): string {
  const { where, depth } = expanding;
  if (depth > maxDepth) {
    throw invalid(text, where, `defaults nest more than ${String(maxDepth)} deep`);
  }
  let expanded = '';
  let position = 0;
  while (position < text.length) {
    const start = text.indexOf('${', position);
    if (start < 0) return expanded + text.slice(position);
    const end = closingBrace(text, start, where);
    const expression = parseExpression(text.slice(start + 2, end), text, where);
    expanded += text.slice(position, start) + evaluate(expression, variables, expanding);
    if (expanded.length > maxLength) throw tooLong(text, where, expression.name);
    position = end + 1;
  }
  return expanded;
}

function closingBrace(text: string, start: number, where: string): number {
  let depth = 0;
  for (let position = start; position < text.length; position += 1) {
    if (text.startsWith('${', position)) depth += 1;
    if (text[position] === '}') depth -= 1;
    if (depth === 0 && text[position] === '}') return position;
  }
  throw invalid(text, where, '"${" is not closed');
}

function parseExpression(inner: string, text: string, where: string): Expression {
  const [, name, filter, operator, operand = ''] = expressionPattern.exec(inner) ?? [];
  if (name === undefined) throw invalid(text, where, `"\${${printable(inner, 100)}}" is not a variable`);
  return {
    name,
    isSlug: filter !== undefined,
    operator: operator === ':-' || operator === ':?' ? operator : undefined,
    operand,
  };
}

function evaluate(
  { name, isSlug, operator, operand }: Expression,
  variables: Variables,
  { where, depth }: Expanding,
): string {
  const raw = variables[name] ?? '';
  const value = isSlug ? slug(raw) : raw;
  if (value !== '') return value;
  if (operator === ':-') return expandNested(operand, variables, { where, depth: depth + 1 });
  const reason = operator === ':?' && operand !== '' ? `: ${printable(operand, 300)}` : '';
  throw new UsageError(
    'VARIABLE_MISSING',
    `cannot expand \${${name}} in ${where}: it is not set or empty${reason}`,
    {
      hint: `Set ${name}, or write a default: \${${name}:-value}.`,
      details: { name },
    },
  );
}

function tooLong(text: string, where: string, name?: string): UsageError {
  const limit = `more than ${String(maxLength)} characters`;
  const reason = name === undefined ? `it has ${limit}` : `with \${${name}} it has ${limit}`;
  return invalid(text, where, reason);
}

function invalid(text: string, where: string, reason: string): UsageError {
  return new UsageError(
    'CONFIG_INVALID',
    `cannot expand "${printable(text.slice(0, 201), 200)}" in ${where}: ${reason}`,
    {
      hint: 'Write ${NAME}, ${NAME:-default}, ${NAME:?message} or ${NAME|slug}.',
    },
  );
}
