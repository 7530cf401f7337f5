// What the templates of CI systems are rendered from.

/** The kinds of value that an option of the command line has. */
export type PipelineOptionKind = 'string' | 'number' | 'boolean' | 'duration' | 'list' | 'enum';

/** An option of the command line, as a template of a CI system needs to know it. */
export interface PipelineOption {
  /** Its name in the command line's table: `timeoutMs`. */
  readonly key: string;
  /** The variable that sets it: `DRAY_TIMEOUT`. */
  readonly env: string;
  readonly kind: PipelineOptionKind;
  /** Every value of an `enum`. */
  readonly choices?: readonly string[] | undefined;
  /** As a user writes it; undefined where there is none to show. */
  readonly defaultText?: string | undefined;
  /** One sentence fragment, without a full stop. */
  readonly summary: string;
}

/** A file that is installed in a job. */
export interface ReleasedFile {
  /** As it is called in a registry or on disk: `drayage-1.2.3.tgz`. */
  readonly name: string;
  /** Lower-case hexadecimal digits. */
  readonly sha256: string;
}

/** All that templates of CI systems are rendered from. */
export interface PipelineDefinitions {
  /** Of the command line that the templates install. */
  readonly version: string;
  /** What is known of that version's files; empty before it is released. */
  readonly files: readonly ReleasedFile[];
  /** By key. */
  readonly options: ReadonlyMap<string, PipelineOption>;
  /** The keys of the options of each command, by the command's name. */
  readonly commands: ReadonlyMap<string, readonly string[]>;
  /** The POSIX shell script that installs the command line in a job. */
  readonly installScript: string;
}

/** Texts by their paths relative to the directory they are rendered into, with `/`. */
export type RenderedFiles = ReadonlyMap<string, string>;

/**
 * The option of that key.
 * @throws Error when the command line has no such option
 */
export function pipelineOption({ options }: PipelineDefinitions, key: string): PipelineOption {
  const option = options.get(key);
  if (option === undefined) throw new Error(`there is no option ${key} to render`);
  return option;
}
