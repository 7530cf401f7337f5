import { LineCounter, parseAllDocuments } from 'yaml';
import type { Findings } from '../findings.ts';
import type { SourceFile } from '../source-files.ts';
import { buildTree } from './build-tree.ts';
import { invalidYaml } from './invalid-yaml.ts';
import type { YamlNode } from './tree.ts';

/**
 * The documents of a YAML file, empty ones left out. A key that stands twice in one mapping is a problem, and the last one counts.
 * @throws DrayError `DISCOVERY_FAILED` naming file and line when the text is no YAML, or expands out of all proportion
 */
export function parseYaml(source: SourceFile, findings: Findings): readonly YamlNode[] {
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
    .map(({ contents }) => buildTree(contents, { source, lines, findings }))
    .filter((root) => root !== undefined)
    .filter((root) => !(root.kind === 'scalar' && root.isNull));
}
