import { stepsOf, type Work } from '../work-meter.ts';
import type { Issue } from '../yaml/tree.ts';

/** The text that replaces an expression. */
export interface ExpressionValue {
  readonly text: string;
  readonly issues?: readonly Issue[] | undefined;
}

/**
 * Replaces every match of `pattern`, whose first group is the name of the expression, such as `<< name >>`.
 * @throws DrayError `DISCOVERY_FAILED` naming the expression that makes the text, or the work, too long
 */
export function replaceExpressions(
  text: string,
  pattern: RegExp,
  { meter, place }: Work,
  valueOf: (written: string, name: string) => ExpressionValue,
): { readonly text: string; readonly issues: readonly Issue[] } {
  const issues = new Map<string, Issue>();
  meter.checkLength(text.length, { place });
  meter.spend(text.length, { place });
  let result = '';
  let end = 0;
  for (const match of text.matchAll(pattern)) {
    const [written, name = ''] = match;
    const value = valueOf(written, name);
    result += text.slice(end, match.index) + value.text;
    end = match.index + written.length;
    const at = { place, variable: name.trim() };
    meter.checkLength(result.length, at);
    meter.spend(stepsOf.lookup + value.text.length, at);
    for (const issue of value.issues ?? []) issues.set(issue.reason, issue);
  }
  return { text: result + text.slice(end), issues: [...issues.values()] };
}
