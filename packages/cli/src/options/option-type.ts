import type { Setting } from './setting.ts';

/** The kinds of value an option can have. Parameters of CI templates are rendered from them too. */
export type OptionKind = 'string' | 'number' | 'boolean' | 'duration' | 'list' | 'enum';

/** Parses and shows values of one kind. No I/O, no environment. */
export interface OptionType<Value> {
  readonly kind: OptionKind;
  /** Placeholder for the value in help texts: `DIR`; undefined for a boolean. */
  readonly placeholder: string | undefined;
  /** All values of a closed set; else undefined. */
  readonly choices?: readonly string[] | undefined;
  /** True if relative values in a file are relative to that file. */
  readonly isPath?: boolean | undefined;
  /** Values of a path option that are no paths. */
  readonly words?: readonly string[] | undefined;
  /** The value of the option on a command line without a value; undefined: it needs one. */
  readonly bare?: string | undefined;
  /** Parses a value. @throws UsageError that says what was expected */
  readonly parse: (text: string) => Value;
  /**
   * Replaces `parse` for values that can be more than a string or a list of strings.
   * @throws UsageError that names the place
   */
  readonly read?: ((setting: Setting, surroundings: SettingSurroundings) => Value) | undefined;
}

/** Where a setting comes from. */
export interface SettingSurroundings {
  /** The directory of the configuration file; undefined for the command line and variables. */
  readonly dir: string | undefined;
  /** Makes a path relative to the working directory. */
  readonly relocate: (path: string) => string;
}
