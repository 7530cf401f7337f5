import { parse } from 'yaml';
import type { RenderedFiles } from '@drayage/core/pipeline';
import type { YamlMap, YamlValue } from '../orb/model.ts';
import { isYamlMap, toYamlMap } from './yaml-map.ts';
import { resolveIncludes } from './includes.ts';

const rootFile = '@orb.yml';
const sections = ['commands', 'jobs', 'executors', 'examples'] as const;

/** Sections whose texts can include files. */
const includingSections: readonly string[] = ['commands', 'jobs', 'executors'];

/**
 * Packs an orb into one document, like `circleci orb pack`. Takes the files of a directory by their paths in
 * it: the root file, and one component per YAML file, named like the file. Files called `@…` are merged into
 * the mapping of their folder.
 * @throws Error if the root file or an included file is missing, a file is not a mapping, or two define the
 * same component
 * @see https://circleci.com/docs/orbs/author/orb-concepts/#orb-packing
 */
export function packOrb(sources: RenderedFiles): YamlMap {
  const root = sources.get(rootFile);
  if (root === undefined) throw new Error(`cannot pack the orb: ${rootFile} is missing`);
  const packed = new Map(Object.entries(parseMap(rootFile, root)));
  for (const section of sections) {
    const components = packSection(sources, section, packed.get(section));
    if (Object.keys(components).length > 0) packed.set(section, components);
  }
  return Object.fromEntries(packed);
}

function packSection(sources: RenderedFiles, section: string, given: YamlValue | undefined): YamlMap {
  const components = new Map(Object.entries(given !== undefined && isYamlMap(given) ? given : {}));
  for (const [path, text] of filesOf(sources, section)) {
    const content = parseMap(path, text);
    const name = path.replace(/^.*\//, '').replace(/\.ya?ml$/, '');
    const entries = name.startsWith('@') ? Object.entries(content) : [[name, content] as const];
    for (const [key, value] of entries) {
      if (components.has(key))
        throw new Error(`cannot pack the orb: ${section} has two components called ${key}`);
      components.set(
        key,
        includingSections.includes(section) ? resolveIncludes(value, sources, path) : value,
      );
    }
  }
  return Object.fromEntries(components);
}

function filesOf(sources: RenderedFiles, section: string): readonly (readonly [string, string])[] {
  return [...sources].filter(([path]) => path.startsWith(`${section}/`) && /\.ya?ml$/.test(path));
}

function parseMap(path: string, text: string): YamlMap {
  const value: unknown = parse(text);
  const map = toYamlMap(value);
  if (map === undefined) throw new Error(`cannot pack the orb: ${path} is not a mapping`);
  return map;
}
