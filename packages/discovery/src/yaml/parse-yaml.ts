import { LineCounter, parseAllDocuments } from 'yaml';
import type { DiscoveryContext } from '../context.ts';
import type { SourceFile } from '../source-files.ts';
import { stepsOf } from '../work-meter.ts';
import { buildTree } from './build-tree.ts';
import { invalidYaml } from './invalid-yaml.ts';
import type { YamlNode } from './tree.ts';

/** What parsing needs of the context. */
export type YamlContext = Pick<DiscoveryContext, 'findings' | 'meter'>;

/**
 * The documents of a YAML file without the empty ones. A key that a mapping repeats is a problem; its last
 * value counts.
 * @throws DrayError `DISCOVERY_FAILED` naming file and line when the text is not YAML, or its aliases
 *   stand for too much
 */
export function parseYaml(source: SourceFile, { findings, meter }: YamlContext): readonly YamlNode[] {
  meter.spend(stepsOf.file + source.text.length, { place: { file: source.path, line: 1 } });
  const lines = new LineCounter();
  const documents = parseAllDocuments(source.text, {
    lineCounter: lines,
    uniqueKeys: false,
    logLevel: 'silent',
    prettyErrors: false,
  });
  if (!Array.isArray(documents)) return [];
  for (const { errors } of documents) {
    const [error] = errors;
    if (error !== undefined) throw invalidYaml(source, lines.linePos(error.pos[0]).line, error.message);
  }
  return documents
    .map(({ contents }) => buildTree(contents, { source, lines, findings, meter }))
    .filter((root) => root !== undefined)
    .filter((root) => !(root.kind === 'scalar' && root.isNull));
}
