import { parse } from 'yaml';
import type { CollectionTag } from 'yaml';
import { isArray, isRecord } from './template-parts.ts';

type Entries = Readonly<Record<string, unknown>>;

class Reference {
  readonly path: readonly string[];
  constructor(path: readonly string[]) {
    this.path = path;
  }
}

const referenceTag: CollectionTag = {
  tag: '!reference',
  collection: 'seq',
  resolve(value) {
    const path: unknown = value.toJSON();
    return new Reference(isArray(path) ? path.map(String) : []);
  },
};

/**
 * A pipeline after GitLab's `!reference` and `extends`: mappings are merged, everything else is
 * replaced, and scripts are flat.
 * @throws Error for a missing reference or parent
 */
export function expandPipeline(text: string): Entries {
  const root: unknown = parse(text, { customTags: [referenceTag], uniqueKeys: true });
  if (!isRecord(root)) throw new Error('there are no jobs');
  const resolved = resolveReferences(root, root, 0);
  if (!isRecord(resolved)) throw new Error('there are no jobs');
  return Object.fromEntries(
    Object.keys(resolved).map((name) => [name, flatScripts(extended(resolved, name, 0))]),
  );
}

function resolveReferences(value: unknown, root: Entries, depth: number): unknown {
  if (depth > 10) throw new Error('references are nested too deeply');
  if (value instanceof Reference) return resolveReferences(lookUp(root, value), root, depth + 1);
  if (isArray(value)) return value.map((item) => resolveReferences(item, root, depth));
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, resolveReferences(member, root, depth)]),
  );
}

function lookUp(root: Entries, { path }: Reference): unknown {
  let found: unknown = root;
  for (const key of path) found = isRecord(found) ? found[key] : undefined;
  if (found === undefined) throw new Error(`there is nothing at ${path.join(', ')}`);
  return found;
}

function extended(root: Entries, name: string, depth: number): unknown {
  const job = root[name];
  if (job === undefined) throw new Error(`there is no ${name} to extend`);
  if (depth > 11) throw new Error('extends is nested too deeply');
  if (!isRecord(job)) return job;
  const { extends: parents = [], ...own } = job;
  const names = isArray(parents) ? parents.map(String) : [String(parents)];
  const merged = names.map((parent) => extended(root, parent, depth + 1));
  return [...merged, own].reduce(merge, {});
}

function merge(below: unknown, above: unknown): unknown {
  if (!isRecord(below) || !isRecord(above)) return above;
  const merged = Object.entries(above).map(([key, value]) => [key, merge(below[key], value)] as const);
  return { ...below, ...Object.fromEntries(merged) };
}

function flatScripts(job: unknown): unknown {
  if (!isRecord(job)) return job;
  const scripts = ['before_script', 'script', 'after_script'].flatMap((key) => {
    const script = job[key];
    return isArray(script) ? [[key, script.flat(9)] as const] : [];
  });
  return { ...job, ...Object.fromEntries(scripts) };
}
