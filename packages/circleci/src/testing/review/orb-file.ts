import { parse } from 'yaml';
import type { RenderedFiles } from '@drayage/core/pipeline';
import type { YamlMap, YamlValue } from '../../orb/model.ts';
import { isYamlMap, toYamlMap } from '../../pack/yaml-map.ts';

/** A source file of an orb. */
export interface OrbFile {
  /** Below `src/`. */
  readonly path: string;
  /** The folder: `commands`; empty for the root file. */
  readonly section: string;
  /** Without the folder and the ending. */
  readonly name: string;
  readonly content: YamlMap;
}

/** The YAML files among the sources of an orb. Treats anything but a mapping as an empty one. */
export function orbFiles(sources: RenderedFiles): readonly OrbFile[] {
  return [...sources]
    .filter(([path]) => path.endsWith('.yml'))
    .map(([path, text]) => {
      const parsed: unknown = parse(text);
      const [section = '', file = ''] = path.includes('/') ? path.split('/') : ['', path];
      return { path, section, name: file.replace(/\.yml$/, ''), content: toYamlMap(parsed) ?? {} };
    });
}

/** A value in a document, and its key; for a list element, the key of the list. */
export interface KeyedValue {
  readonly key: string;
  readonly value: YamlValue;
}

/** Every value of a document with its key, at any depth. */
export function keyedValues(value: YamlValue, key = ''): readonly KeyedValue[] {
  if (typeof value !== 'object') return [];
  if (isYamlMap(value)) {
    return Object.entries(value).flatMap(([name, member]) => [
      { key: name, value: member },
      ...keyedValues(member, name),
    ]);
  }
  return value.flatMap((item) => [{ key, value: item }, ...keyedValues(item, key)]);
}

/** The text at a key, or undefined. */
export function textAt(map: YamlMap, key: string): string | undefined {
  const value = map[key];
  return typeof value === 'string' ? value : undefined;
}

/** The mapping at a key, or an empty one. */
export function mapAt(map: YamlMap, key: string): YamlMap {
  const value = map[key];
  return value !== undefined && isYamlMap(value) ? value : {};
}
