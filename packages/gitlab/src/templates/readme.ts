import { readAsset } from '@drayage/core';
import type { PipelineDefinitions } from '@drayage/core/pipeline';
import { generatedNote } from './generated-note.ts';
import type { InputGroup, TemplateInput } from './input.ts';
import { inputGroups } from './inputs.ts';

const tablesMark = '<!-- inputs -->\n';

/**
 * The README of the templates: its source, with the version and the tables of inputs filled in.
 * @throws Error if the asset is missing
 */
export async function readmeText(definitions: PipelineDefinitions): Promise<string> {
  const source = await readAsset(import.meta.dirname, 'gitlab-README.md');
  const tables = inputGroups(definitions).map(table).join('\n');
  const text = source.replaceAll('@VERSION@', definitions.version).replace(tablesMark, () => tables);
  return `<!-- ${generatedNote} -->\n\n${text}`;
}

function table({ title, inputs }: InputGroup): string {
  const rows = inputs.map((input) => [
    `\`${input.name}\``,
    typeText(input),
    defaultOf(input),
    sentence(input),
  ]);
  const lines = [['input', 'type', 'default', 'what it is'], ['---', '---', '---', '---'], ...rows];
  return `### ${title}\n\n${lines.map((cells) => `| ${cells.join(' | ')} |\n`).join('')}`;
}

function typeText({ type, options, regex }: TemplateInput): string {
  if (options !== undefined)
    return options
      .filter((option) => option !== '')
      .map(code)
      .join(', ');
  return regex?.includes('(ms|s|m|h)') === true ? 'duration' : type;
}

function defaultOf({ default: value, defaultText }: TemplateInput): string {
  const text = String(value);
  return defaultText ?? (text === '' ? '' : code(text));
}

function sentence({ description }: TemplateInput): string {
  return description.replaceAll('|', '\\|');
}

function code(text: string): string {
  return `\`${text}\``;
}
