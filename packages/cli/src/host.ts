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
}
