/** An output stream. */
export interface Sink {
  /** True for a terminal with a size, which means that a person is watching. */
  readonly isTerminal: boolean;
  write(text: string): void;
}

/** The environment of one run, read once at the start. */
export interface Host {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly homeDir: string;
  readonly version: string;
  /** For results only. */
  readonly stdout: Sink;
  /** For people. */
  readonly stderr: Sink;
  /**
   * Standard error without the protection against foreign text: for commands to the CI system, and for output
   * of other dray commands, which is safe already.
   */
  readonly ciCommands: Sink;
}

/** What {@link Host} is made of. */
export type GivenHost = Omit<Host, 'ciCommands'>;
