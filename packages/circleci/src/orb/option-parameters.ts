import { pipelineOption } from '@drayage/core/pipeline';
import type { PipelineDefinitions, PipelineOption } from '@drayage/core/pipeline';
import type { OrbParameter, OrbParameters, YamlMap } from './model.ts';
import { parameter } from './steps.ts';

/** Parameters that set options of the command line, and the variables that pass them to a step. */
export interface OptionParameters {
  readonly parameters: OrbParameters;
  /**
   * `DRAY_…` variables. `ORB_LEFT_OPEN` names those whose parameter has a value for "not given": the command
   * ignores it.
   */
  readonly environment: YamlMap;
}

/** Option keys by parameter name, with a description if the option's own does not fit. */
export type OptionParameterTable = Readonly<
  Record<string, string | { readonly key: string; readonly description?: string }>
>;

/**
 * Values for "not given": the configuration file or the command's default applies. For a string it is
 * the empty text.
 */
const leftOpen = { enum: 'default', boolean: false, integer: 0 } as const;

/**
 * The parameters for some options, by their names in the orb.
 * @throws Error if an option does not exist
 */
export function optionParameters(
  definitions: PipelineDefinitions,
  table: OptionParameterTable,
): OptionParameters {
  const entries = Object.entries(table).map(([name, entry]) => {
    const { key, description } = typeof entry === 'string' ? { key: entry } : entry;
    const option = pipelineOption(definitions, key);
    return { name, env: option.env, definition: optionParameter(option, description ?? describe(option)) };
  });
  const open = entries.filter(({ definition }) => definition.type !== 'string').map(({ env }) => env);
  return {
    parameters: Object.fromEntries(entries.map(({ name, definition }) => [name, definition])),
    environment: {
      ...(open.length === 0 ? {} : { ORB_LEFT_OPEN: open.join(' ') }),
      ...Object.fromEntries(entries.map(({ name, env }) => [env, parameter(name)])),
    },
  };
}

function optionParameter(option: PipelineOption, description: string): OrbParameter {
  switch (option.kind) {
    case 'boolean':
      return { type: 'boolean', description, default: leftOpen.boolean };
    case 'number':
      return { type: 'integer', description, default: leftOpen.integer };
    case 'enum':
      return {
        type: 'enum',
        description,
        enum: [leftOpen.enum, ...(option.choices ?? [])],
        default: leftOpen.enum,
      };
    case 'string':
    case 'duration':
    case 'list':
      return { type: 'string', description, default: '' };
  }
}

/** The summary of the option as a sentence about a parameter. */
function describe({ key, kind, summary, defaultText }: PipelineOption): string {
  const separator = key === 'prepare' ? 'one per line' : 'separated by white space or commas';
  const text = summary.replace('; may be repeated', kind === 'list' ? `; several, ${separator}` : '');
  const last = kind === 'boolean' ? 'false' : (defaultText ?? '');
  const says = 'Default: the value in the configuration file';
  const fallback = last === '' ? (kind === 'enum' ? ` ${says}.` : '') : ` ${says}, or else ${last}.`;
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.${fallback}`;
}
