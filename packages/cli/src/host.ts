/** Where text goes. */
export interface Sink {
  /** True for a terminal that has a size: a person is watching. */
  readonly isTerminal: boolean;
  write(text: string): void;
}

/** The surroundings of one run, read once at the start. */
export interface Host {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly homeDir: string;
  readonly version: string;
  /** Results only. */
  readonly stdout: Sink;
  /** For people. */
  readonly stderr: Sink;
}
