import type { PipelineDefinitions } from '@drayage/core/pipeline';
import type { TemplateInput } from './input.ts';
import { inputGroups } from './inputs.ts';
import { templateJobs } from './jobs.ts';
import { generatedNote } from './generated-note.ts';
import type { TemplateScripts } from './scripts.ts';
import { yamlText } from './yaml-text.ts';

/**
 * The text of the template: its inputs and jobs. It has no keyword that would change a job of the
 * user.
 */
export function templateText(definitions: PipelineDefinitions, scripts: TemplateScripts): string {
  const inputs = inputGroups(definitions).flatMap((group) => group.inputs);
  const header = yamlText([
    { key: 'spec', value: { inputs: Object.fromEntries(inputs.map((input) => [input.name, spec(input)])) } },
  ]);
  return `# ${generatedNote}\n${header}---\n${yamlText(templateJobs(definitions, scripts))}`;
}

function spec({ type, description, default: value, options, regex }: TemplateInput): object {
  return {
    ...(type === 'string' ? {} : { type }),
    description,
    default: value,
    ...(options === undefined ? {} : { options }),
    ...(regex === undefined ? {} : { regex }),
  };
}
