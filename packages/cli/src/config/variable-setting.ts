import type { OptionKind } from '../options/option-type.ts';
import type { Setting } from '../options/setting.ts';

/**
 * The setting in a variable; undefined if it is empty or an empty list. Accepts a JSON list, `["redis:7",
 * "postgres:17"]`, as CI templates pass lists. Text that starts with `[` but is not JSON is a string.
 */
export function variableSetting(name: string, text: string, kind: OptionKind): Setting | undefined {
  if (text.trim() === '') return undefined;
  const elements = kind === 'list' ? jsonTexts(text) : undefined;
  if (elements === undefined) return { kind: 'text', place: name, text };
  const items = elements
    .filter((element) => element.trim() !== '')
    .map((element) => ({ kind: 'text', place: name, text: element }) as const);
  return items.length === 0 ? undefined : { kind: 'list', place: name, items };
}

function jsonTexts(text: string): readonly string[] | undefined {
  if (!text.trimStart().startsWith('[')) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (!Array.isArray(value)) return undefined;
    const elements: readonly unknown[] = value;
    const texts = elements.filter((element) => typeof element === 'string');
    return texts.length === elements.length ? texts : undefined;
  } catch {
    // Such as a command that begins with [ -f … ].
    return undefined;
  }
}
