import { Document, Scalar, YAMLMap, YAMLSeq, visit } from 'yaml';

/** A top-level entry of a YAML file. */
export interface YamlEntry {
  readonly key: string;
  /** Plain data, which can contain {@link literal} and {@link reference}. */
  readonly value: unknown;
  /** The comment above the entry. */
  readonly comment?: string;
}

/** A text that YAML must contain unchanged, line by line. It ends with a line break. */
export function literal(text: string): Scalar<string> {
  const scalar = new Scalar(text.endsWith('\n') ? text : `${text}\n`);
  scalar.type = Scalar.BLOCK_LITERAL;
  return scalar;
}

/** GitLab's `!reference` to a part of another job. */
export function reference(...path: readonly string[]): YAMLSeq<Scalar<string>> {
  const sequence = new YAMLSeq<Scalar<string>>();
  sequence.items = path.map((name) => new Scalar(name));
  sequence.tag = '!reference';
  sequence.flow = true;
  return sequence;
}

/**
 * The text of a YAML document. Quotes texts that contain an input, because GitLab substitutes its value
 * later.
 */
export function yamlText(entries: readonly YamlEntry[]): string {
  const document = new Document();
  const map = new YAMLMap();
  for (const [index, { key, value, comment }] of entries.entries()) {
    const name = new Scalar(key);
    name.spaceBefore = index > 0;
    if (comment !== undefined) name.commentBefore = comment.replace(/^/gm, ' ');
    map.add(document.createPair(name, document.createNode(value, { aliasDuplicateObjects: false })));
  }
  document.contents = map;
  visit(document, {
    Scalar(_, node) {
      const isInput = typeof node.value === 'string' && node.value.includes('$[[');
      if (isInput && node.type !== Scalar.BLOCK_LITERAL) node.type = Scalar.QUOTE_DOUBLE;
    },
  });
  return document.toString({ lineWidth: 0, singleQuote: true });
}
