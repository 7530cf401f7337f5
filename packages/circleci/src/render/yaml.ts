import { Document, visit } from 'yaml';
import type { YamlValue } from '../orb/model.ts';

/** The text in the first line of every rendered file. */
export const generatedNote = 'generated - edit packages/circleci, run npm run render';

const lineWidth = 110;

/** Longer texts would not fit beside their key at any depth (characters). */
const longestBesideKey = 80;

/**
 * The text of a rendered YAML file. Folds long texts below their keys, which does not change their value.
 */
export function yamlText(value: YamlValue): string {
  const document = new Document(value, { aliasDuplicateObjects: false });
  visit(document, {
    Scalar(_, node) {
      const { value: text } = node;
      if (typeof text === 'string' && text.length > longestBesideKey && !text.includes('\n'))
        node.type = 'BLOCK_FOLDED';
    },
  });
  return `# ${generatedNote}\n${document.toString({ lineWidth, singleQuote: true })}`;
}
