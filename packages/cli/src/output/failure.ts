import { DrayError, summarizeError } from '@drayage/core';
import type { Host } from '../host.ts';

/** How an error that ended a command is shown to people: message and hint, no stack; with `verbose` also what caused it. */
export function failureText(error: DrayError, verbose: boolean): string {
  const { message, hint } = summarizeError(error);
  const lines = [`dray: ${message}`, ...(hint === undefined ? [] : [`  hint: ${hint}`])];
  return `${[...lines, ...(verbose ? causes(error) : [])].join('\n')}\n`;
}

/** The object that takes the place of a report: `{"error": {code, message, hint?}}`. */
export function failureJson(error: unknown): string {
  return `${JSON.stringify({ error: summarizeError(error) })}\n`;
}

/** An error that nobody expected: everything that helps to find it. */
export function bugText(error: unknown, { version }: Pick<Host, 'version'>): string {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return [
    `dray: this is a bug of drayage ${version} (Node.js ${process.version}, ${process.platform} ${process.arch})`,
    '  hint: Please open an issue with these lines and the command; look first that they hold no secret.',
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
