/** The input types of GitLab templates. */
export type InputType = 'string' | 'array' | 'boolean' | 'number';

/** A value of an input. */
export type InputValue = string | number | boolean | readonly string[];

/** An input of the template. */
export interface TemplateInput {
  /** In snake case. */
  readonly name: string;
  readonly type: InputType;
  /** One sentence fragment; at most 1024 characters. */
  readonly description: string;
  readonly default: InputValue;
  /** What applies without the input, if the default does not show this; in Markdown. */
  readonly defaultText?: string;
  /** All valid values. */
  readonly options?: readonly string[];
  /** The pattern of valid values, in syntax that RE2 and JavaScript share. */
  readonly regex?: string;
}

/** Related inputs. */
export interface InputGroup {
  /** A heading. */
  readonly title: string;
  readonly inputs: readonly TemplateInput[];
}

/**
 * The placeholder for an input's value. GitLab substitutes it before it parses the text as YAML:
 * strings are between double quotes, so they must not contain a double quote, a backslash or a line
 * break.
 */
export function inputText(name: string): string {
  return `$[[ inputs.${name} ]]`;
}
