/** The types that an input of a GitLab template can have. */
export type InputType = 'string' | 'array' | 'boolean' | 'number';

/** What can be given to an input. */
export type InputValue = string | number | boolean | readonly string[];

/** An input of the template, as GitLab is told of it. */
export interface TemplateInput {
  /** In snake case. */
  readonly name: string;
  readonly type: InputType;
  /** One sentence fragment; at most 1024 characters. */
  readonly description: string;
  readonly default: InputValue;
  /** What counts when it is left out, where the default does not tell; in Markdown. */
  readonly defaultText?: string;
  /** Every value there is. */
  readonly options?: readonly string[];
  /** What a value has to match, in the syntax that RE2 and JavaScript share. */
  readonly regex?: string;
}

/** Inputs that belong together. */
export interface InputGroup {
  /** A heading. */
  readonly title: string;
  readonly inputs: readonly TemplateInput[];
}

/**
 * Where the template has the value of an input. GitLab puts it into the text before that is read as YAML: strings stand between double quotes,
 * which is why none may hold a double quote, a backslash or a line break.
 */
export function inputText(name: string): string {
  return `$[[ inputs.${name} ]]`;
}
