import { Document, visit } from 'yaml';
import type { YamlValue } from '../orb/model.ts';

/** What the first line of every rendered file says, for its readers. */
export const generatedNote = 'generated - edit packages/circleci, run npm run render';

const lineWidth = 110;

/** Characters; what is longer would not fit beside its key, however deep it stands. */
const longestBesideKey = 80;

/**
 * The text of a rendered YAML file. Long texts are folded below their keys, which changes nothing of them.
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
