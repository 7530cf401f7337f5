// The input from which CI templates are rendered.

/** The types of command line options. */
export type PipelineOptionKind = 'string' | 'number' | 'boolean' | 'duration' | 'list' | 'enum';

/** A command line option, as CI templates need it. */
export interface PipelineOption {
  /** Its name in the CLI's option table: `timeoutMs`. */
  readonly key: string;
  /** The environment variable that sets it: `DRAY_TIMEOUT`. */
  readonly env: string;
  readonly kind: PipelineOptionKind;
  /** Every value of an `enum`. */
  readonly choices?: readonly string[] | undefined;
  /** The default as a user writes it; undefined if it is not shown. */
  readonly defaultText?: string | undefined;
  /** One sentence fragment, without a full stop. */
  readonly summary: string;
}

/** A file that a job installs. */
export interface ReleasedFile {
  /** Its name in a registry or on disk: `drayage-1.2.3.tgz`. */
  readonly name: string;
  /** Lower-case hexadecimal digits. */
  readonly sha256: string;
}

/** Everything that CI templates are rendered from. */
export interface PipelineDefinitions {
  /** The version of the CLI that the templates install. */
  readonly version: string;
  /** That version's files; empty before its release. */
  readonly files: readonly ReleasedFile[];
  /** All options by key. */
  readonly options: ReadonlyMap<string, PipelineOption>;
  /** The option keys of each command, by command name. */
  readonly commands: ReadonlyMap<string, readonly string[]>;
  /** The POSIX shell script that installs the CLI in a job. */
  readonly installScript: string;
}

/** File contents by path relative to the output directory, with `/` as separator. */
export type RenderedFiles = ReadonlyMap<string, string>;

/**
 * Looks up an option by its key.
 * @throws Error when the CLI has no such option
 */
export function pipelineOption({ options }: PipelineDefinitions, key: string): PipelineOption {
  const option = options.get(key);
  if (option === undefined) throw new Error(`cannot render option ${key}: the CLI has no such option`);
  return option;
}
