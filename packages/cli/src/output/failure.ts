import { DrayError, summarizeError } from '@drayage/core';
import type { Host } from '../host.ts';

/** An error for people: message and hint, no stack; with `verbose`, also its causes. */
export function failureText(error: DrayError, verbose: boolean): string {
  const { message, hint } = summarizeError(error);
  const lines = [`dray: ${message}`, ...(hint === undefined ? [] : [`  hint: ${hint}`])];
  return `${[...lines, ...(verbose ? causes(error) : [])].join('\n')}\n`;
}

/** An error as JSON, in place of a report: `{"error": {code, message, hint?}}`. */
export function failureJson(error: unknown): string {
  return `${JSON.stringify({ error: summarizeError(error) })}\n`;
}

/** An unexpected error, with everything that helps to find the bug. */
export function bugText(error: unknown, { version }: Pick<Host, 'version'>): string {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return [
    `dray: this is a bug in drayage ${version} (Node.js ${process.version}, ${process.platform} ${process.arch})`,
    '  hint: Open an issue with these lines and the command; first check that they contain no secrets.',
    '',
    stack,
    ...(error instanceof Error ? causes(error) : []),
    '',
  ].join('\n');
}

function causes(error: Error): readonly string[] {
  const lines: string[] = [];
  for (let cause = error.cause; cause instanceof Error && lines.length < 10; cause = cause.cause) {
    const code = cause instanceof DrayError ? ` (${cause.code})` : '';
    lines.push(`  because: ${summarizeError(cause).message}${code}`);
  }
  return lines;
}
