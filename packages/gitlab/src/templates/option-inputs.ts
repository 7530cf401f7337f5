import { pipelineOption } from '@drayage/core/pipeline';
import type { PipelineDefinitions, PipelineOption, PipelineOptionKind } from '@drayage/core/pipeline';
import type { InputType, InputValue, TemplateInput } from './input.ts';
import { anyText, duration } from './patterns.ts';

/** An input that sets an option of the command line. */
export interface OptionInput {
  readonly name: string;
  /** The key of the option. */
  readonly key: string;
  /** Replaces the summary of the option. */
  readonly description?: string;
}

/** The options that the pre-pull job sets. */
export const prepullInputs: readonly OptionInput[] = [
  { name: 'images', key: 'images' },
  { name: 'optional', key: 'optional' },
  { name: 'from', key: 'from' },
  { name: 'prepare', key: 'prepare' },
  { name: 'config', key: 'configFile' },
  { name: 'frozen', key: 'frozen' },
  { name: 'platform', key: 'platform' },
  { name: 'form', key: 'form' },
  { name: 'sign', key: 'sign' },
  { name: 'mirrors', key: 'mirrors' },
  { name: 'insecure_registries', key: 'insecureRegistries' },
];

/**
 * The options for jobs that need the images. These jobs also get the list of images: `on_miss` applies to
 * images that were not pre-pulled.
 */
export const loadInputs: readonly OptionInput[] = [
  { name: 'delivery', key: 'delivery' },
  { name: 'on_miss', key: 'onMiss' },
  { name: 'only', key: 'only', description: 'wait for these images only, not for the whole pre-pull' },
  { name: 'verify', key: 'verify' },
  { name: 'require_signature', key: 'requireSignature' },
  { name: 'timeout', key: 'timeoutMs' },
  { name: 'grace', key: 'graceMs' },
  {
    name: 'strict',
    key: 'strict',
    description: 'fail the job if an image was not delivered: exit code 3, or 4 after a timeout',
  },
];

/** An option as an input: type, values and description. An omitted input sets nothing. */
export function optionInput(
  definitions: PipelineDefinitions,
  { name, key, description }: OptionInput,
): TemplateInput {
  const option = pipelineOption(definitions, key);
  const type = inputTypes[option.kind];
  const { defaultText } = option;
  return {
    name,
    type,
    description: description ?? option.summary.replace('; may be repeated', ''),
    default: emptyValues[type],
    ...(defaultText === undefined ? {} : { defaultText: `\`${defaultText}\`` }),
    ...limits(option),
  };
}

const inputTypes: Readonly<Record<PipelineOptionKind, InputType>> = {
  string: 'string',
  enum: 'string',
  duration: 'string',
  // A number has no value for "not given".
  number: 'string',
  list: 'array',
  boolean: 'boolean',
};

const emptyValues: Readonly<Record<InputType, InputValue>> = {
  string: '',
  array: [],
  boolean: false,
  number: 0,
};

function limits({ kind, choices = [] }: PipelineOption): Pick<TemplateInput, 'options' | 'regex'> {
  switch (kind) {
    case 'enum':
      return { options: ['', ...choices] };
    case 'duration':
      return { regex: duration };
    case 'number':
      return { regex: '^[0-9]*$' };
    case 'string':
      return { regex: anyText };
    case 'list':
    case 'boolean':
      return {};
  }
}
