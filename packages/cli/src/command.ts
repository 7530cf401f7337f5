import type { Config, OptionKey } from './options/option.ts';
import type { Host } from './host.ts';

/** What a command gets to do its work. */
export interface CommandContext {
  readonly config: Config;
  /** The arguments as they were given. */
  readonly args: readonly string[];
  readonly host: Host;
  /** All commands, for those that describe the program. */
  readonly commands: readonly CommandSpec[];
  /** The directory of the configuration file; without one the working directory. */
  readonly dir: string;
  /** Aborts when the program is told to stop. */
  readonly signal: AbortSignal;
}

/** Does the work and resolves with the exit code. Errors that end the command are thrown. */
export type CommandHandler = (context: CommandContext) => Promise<number>;

export interface CommandArgument {
  /** In capitals, for usage texts. */
  readonly name: string;
  /** The option whose value it is; undefined: the handler reads it itself. */
  readonly key: OptionKey | undefined;
  readonly isVariadic: boolean;
  readonly choices?: readonly string[] | undefined;
  readonly summary: string;
}

export interface CommandExample {
  /** What one would type. */
  readonly line: string;
  readonly summary: string;
}

/** A command as data. What it does is imported when it is run. */
export interface CommandSpec {
  /** One or two words: `prepull`, `bundle verify`. */
  readonly name: string;
  /** One sentence fragment. */
  readonly summary: string;
  /** Some sentences on what one must know to use it. */
  readonly description: string;
  readonly argument?: CommandArgument | undefined;
  /** Beside those that every command has. */
  readonly options: readonly OptionKey[];
  /** A whole step of a CI job: it reads its own options and no file, and runs other commands. */
  readonly isStep?: boolean | undefined;
  readonly examples: readonly CommandExample[];
  readonly load: () => Promise<CommandHandler>;
}
