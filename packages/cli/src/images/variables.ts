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

/**
 * Replaces `${NAME}`, `${NAME:-default}` and `${NAME:?message}`; `${NAME|slug}` makes the value a valid tag first (see {@link slug}). Empty
 * counts as unset. Defaults may hold expressions themselves. `where` names the place of the text in messages.
 * @throws UsageError `VARIABLE_MISSING` that names the variable, `CONFIG_INVALID` for any other expression
 */
export function expandVariables(text: string, variables: Variables, where: string): string {
  let expanded = '';
  let position = 0;
  while (position < text.length) {
    const start = text.indexOf('${', position);
    if (start < 0) return expanded + text.slice(position);
    const end = closingBrace(text, start, where);
    const expression = parseExpression(text.slice(start + 2, end), text, where);
    expanded += text.slice(position, start) + evaluate(expression, variables, where);
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
  throw invalid(text, where, 'a "${" is never closed');
}

function parseExpression(inner: string, text: string, where: string): Expression {
  const [, name, filter, operator, operand = ''] = expressionPattern.exec(inner) ?? [];
  if (name === undefined) throw invalid(text, where, `"\${${printable(inner, 100)}}" is no variable`);
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
  where: string,
): string {
  const raw = variables[name] ?? '';
  const value = isSlug ? slug(raw) : raw;
  if (value !== '') return value;
  if (operator === ':-') return expandVariables(operand, variables, where);
  const reason = operator === ':?' && operand !== '' ? `: ${printable(operand, 300)}` : '';
  throw new UsageError(
    'VARIABLE_MISSING',
    `cannot expand \${${name}} in ${where}: it is not set or empty${reason}`,
    {
      hint: `Set ${name}, or give a default: \${${name}:-value}.`,
      details: { name },
    },
  );
}

function invalid(text: string, where: string, reason: string): UsageError {
  return new UsageError('CONFIG_INVALID', `cannot expand "${printable(text, 200)}" in ${where}: ${reason}`, {
    hint: 'Write ${NAME}, ${NAME:-default}, ${NAME:?message} or ${NAME|slug}.',
  });
}
