import type { Setting } from './setting.ts';

/** The kinds of value an option can have. Parameters of CI templates are rendered from them too. */
export type OptionKind = 'string' | 'number' | 'boolean' | 'duration' | 'list' | 'enum';

/** How values of one kind are written, read and shown. No I/O, no environment. */
export interface OptionType<Value> {
  readonly kind: OptionKind;
  /** Stands for the value in usage texts: `DIR`; undefined for a boolean. */
  readonly placeholder: string | undefined;
  /** Every value there is, where they can be counted. */
  readonly choices?: readonly string[] | undefined;
  /** True when a relative value means a place next to the file that names it. */
  readonly isPath?: boolean | undefined;
  /** The value of what somebody wrote. @throws UsageError that says what was expected */
  readonly parse: (text: string) => Value;
  /** The value where it is more than a text or a list of texts; takes the place of `parse`. @throws UsageError that names the place */
  readonly read?: ((setting: Setting, surroundings: SettingSurroundings) => Value) | undefined;
}

/** Where a setting stands. */
export interface SettingSurroundings {
  /** The directory of the configuration file; undefined for the command line and variables. */
  readonly dir: string | undefined;
  /** A path as it is meant from the working directory. */
  readonly relocate: (path: string) => string;
}
