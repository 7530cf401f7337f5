import { parse } from 'yaml';
import type { RenderedFiles } from '@drayage/core/pipeline';
import type { YamlMap, YamlValue } from '../orb/model.ts';
import { isYamlMap, toYamlMap } from './yaml-map.ts';
import { resolveIncludes } from './includes.ts';

const rootFile = '@orb.yml';
const sections = ['commands', 'jobs', 'executors', 'examples'] as const;

/** Sections whose texts may include files. */
const includingSections: readonly string[] = ['commands', 'jobs', 'executors'];

/**
 * The orb as one document, as `circleci orb pack` makes it of the files of a directory, given by their paths
 * in it: the root file, and one component for each YAML file, named like the file; those called `@…` are
 * merged into the place of their folder.
 * @throws Error when the root file or an included one is missing, a file is no mapping, or two give the same
 * component
 * @see https://circleci.com/docs/orbs/author/orb-concepts/#orb-packing
 */
export function packOrb(sources: RenderedFiles): YamlMap {
  const root = sources.get(rootFile);
  if (root === undefined) throw new Error(`cannot pack the orb: there is no ${rootFile}`);
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
      if (components.has(key)) throw new Error(`cannot pack the orb: there are two ${section} called ${key}`);
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
  if (map === undefined) throw new Error(`cannot pack the orb: ${path} is no mapping`);
  return map;
}
