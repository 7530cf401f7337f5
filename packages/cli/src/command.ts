import type { Config, OptionKey } from './options/option.ts';
import type { Host } from './host.ts';

/** The input of a command. */
export interface CommandContext {
  readonly config: Config;
  /** The arguments, unparsed. */
  readonly args: readonly string[];
  readonly host: Host;
  /** All commands, for the ones that describe the program. */
  readonly commands: readonly CommandSpec[];
  /** The origin of each setting that is not a default: `--timeout`, `DRAY_TIMEOUT`, `.dray.yml:4: timeout` */
  readonly origins: ReadonlyMap<OptionKey, string>;
  /** The directory of the configuration file, or else the working directory. */
  readonly dir: string;
  /** Aborts on the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
}

/** Runs the command; resolves with the exit code. Throws errors that end it. */
export type CommandHandler = (context: CommandContext) => Promise<number>;

export interface CommandArgument {
  /** In capitals, for usage texts. */
  readonly name: string;
  /** The option that gets the argument's value; undefined: the handler reads it. */
  readonly key: OptionKey | undefined;
  readonly isVariadic: boolean;
  readonly choices?: readonly string[] | undefined;
  readonly summary: string;
}

export interface CommandExample {
  /** The command line as typed. */
  readonly line: string;
  readonly summary: string;
}

/** A command as data; its implementation is imported when it runs. */
export interface CommandSpec {
  /** One or two words: `prepull`, `bundle verify`. */
  readonly name: string;
  /** One sentence fragment. */
  readonly summary: string;
  /** A few sentences for the command's help. */
  readonly description: string;
  readonly argument?: CommandArgument | undefined;
  /** In addition to the options of every command. */
  readonly options: readonly OptionKey[];
  /** A whole step of a CI job: reads only its own options, no file, and runs other commands. */
  readonly isStep?: boolean | undefined;
  readonly examples: readonly CommandExample[];
  readonly load: () => Promise<CommandHandler>;
}
