import { mapAt, onlyKeys, textsAt } from './config-tree.ts';

/** What started a pipeline: a push to a branch, or of a tag. */
export type Trigger = { readonly branch: string } | { readonly tag: string };

/** True if a job runs for a trigger. */
export type Filter = (trigger: Trigger) => boolean;

/**
 * Reads the filters of a job. Without filters, it runs for every branch and for no tag.
 * @throws ExpansionError
 * @see https://circleci.com/docs/configuration-reference/#jobfilters
 */
export function readFilters(value: unknown, place: string): Filter {
  const map = mapAt(value, place);
  onlyKeys(map, ['branches', 'tags'], place);
  const branches = readNames(map['branches'], `${place}.branches`);
  const tags = readNames(map['tags'], `${place}.tags`);
  return (trigger) =>
    'branch' in trigger ? (branches?.(trigger.branch) ?? true) : (tags?.(trigger.tag) ?? false);
}

function readNames(value: unknown, place: string): ((name: string) => boolean) | undefined {
  if (value === undefined) return undefined;
  const map = mapAt(value, place);
  onlyKeys(map, ['only', 'ignore'], place);
  const only = map['only'] === undefined ? undefined : textsAt(map['only'], `${place}.only`);
  const ignore = textsAt(map['ignore'], `${place}.ignore`);
  return (name) =>
    (only === undefined || only.some((pattern) => isMeant(pattern, name))) &&
    !ignore.some((pattern) => isMeant(pattern, name));
}

/** `/…/` is a regular expression for the whole name. */
function isMeant(pattern: string, name: string): boolean {
  const expression = /^\/(.*)\/$/.exec(pattern)?.[1];
  return expression === undefined ? pattern === name : new RegExp(`^(?:${expression})$`).test(name);
}
