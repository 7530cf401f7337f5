import type { Orb, OrbParameter, OrbParameters } from '../orb/model.ts';
import { markdownTable } from './markdown-table.ts';
import { generatedNote, yamlText } from './yaml.ts';

/** The values for the README template, in addition to the orb itself. */
export interface ReadmeValues {
  /** The reference to the orb in a configuration. */
  readonly orb: string;
  readonly version: string;
  readonly repositoryUrl: string;
}

/**
 * The README for users. The template contains `%orb%`, `%version%` and `%repositoryUrl%`, and separate lines
 * with `<!-- parameters KIND/NAME -->` and `<!-- example NAME -->`.
 * @throws Error if it names something that the orb lacks
 */
export function readmeText(template: string, orb: Orb, values: ReadmeValues): string {
  const text = template
    .replace(/^<!-- parameters (\S+) -->$/gm, (_, path: string) => parameterTable(parametersOf(orb, path)))
    .replace(/^<!-- example (\S+) -->$/gm, (_, name: string) => exampleText(orb, name))
    .replaceAll('%orb%', values.orb)
    .replaceAll('%version%', values.version)
    .replaceAll('%repositoryUrl%', values.repositoryUrl);
  return `<!-- ${generatedNote} -->\n\n${text}`;
}

function parametersOf(orb: Orb, path: string): OrbParameters {
  const [kind = '', name = ''] = path.split('/');
  const components = { commands: orb.commands, jobs: orb.jobs, executors: orb.executors };
  const found = Object.entries(components).find(([key]) => key === kind)?.[1][name];
  if (found === undefined) throw new Error(`cannot render the README: the orb has no ${path}`);
  return found.parameters;
}

function parameterTable(parameters: OrbParameters): string {
  const rows = Object.entries(parameters).map(([name, parameter]) => [
    `\`${name}\``,
    typeText(parameter),
    defaultText(parameter),
    parameter.description,
  ]);
  return markdownTable(['parameter', 'type', 'default', ''], rows);
}

function typeText({ type, enum: choices }: OrbParameter): string {
  return choices === undefined ? type : choices.map((choice) => `\`${choice}\``).join(', ');
}

function defaultText({ default: value }: OrbParameter): string {
  if (value === undefined) return 'required';
  if (typeof value === 'object') return 'none';
  return value === '' ? '' : `\`${String(value)}\``;
}

function exampleText({ examples }: Orb, name: string): string {
  const example = examples[name];
  if (example === undefined) throw new Error(`cannot render the README: the orb has no example ${name}`);
  const [, ...lines] = yamlText(example.usage).trimEnd().split('\n');
  return [wrapped(example.description), '', '```yaml', ...lines, '```'].join('\n');
}

const lineWidth = 110;

/** Wraps the text for Markdown. */
function wrapped(text: string): string {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const longer = `${lines.at(-1) ?? ''} ${word}`.trim();
    if (longer.length <= lineWidth) lines.splice(-1, 1, longer);
    else lines.push(word);
  }
  return lines.join('\n');
}
