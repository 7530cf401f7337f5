import type { RenderedFiles } from '@drayage/core/pipeline';
import type { YamlValue } from '../orb/model.ts';

const includePattern = /<<\s*include\(([-\w/.]+)\)\s*>>/g;

/**
 * Replaces includes by the files' contents. Escapes `<<` in a file, so that it has its usual meaning
 * in the shell.
 * @param path of the file that holds the value, for messages
 * @throws Error when an included file is missing
 */
export function resolveIncludes(value: YamlValue, files: RenderedFiles, path: string): YamlValue {
  if (typeof value === 'string') {
    return value.replace(includePattern, (_, included: string) => includedText(files, included, path));
  }
  if (typeof value !== 'object') return value;
  if (isList(value)) return value.map((item) => resolveIncludes(item, files, path));
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, resolveIncludes(member, files, path)]),
  );
}

function includedText(files: RenderedFiles, included: string, path: string): string {
  const text = files.get(included);
  if (text === undefined)
    throw new Error(`cannot pack the orb: ${path} includes ${included}, which does not exist`);
  return text.replaceAll('<<', String.raw`\<<`);
}

function isList(value: YamlValue & object): value is readonly YamlValue[] {
  return Array.isArray(value);
}
