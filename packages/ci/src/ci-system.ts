/** The variables of a process. An empty one counts as not set. */
export type Env = Readonly<Record<string, string | undefined>>;

/** What the CI system reports about the current run; absent if it reports nothing. */
export interface CiRun {
  /** The branch; for a pull request, its source branch; absent for a tag. */
  readonly branch?: string;
  /** The git tag of the run. */
  readonly tag?: string;
  /**
   * What started the run, in the words of the CI system; `pull_request` if it only reports a number of one.
   */
  readonly event?: string;
  /** The git commit, in full. */
  readonly commit?: string;
  /** True for a pull request from a fork, which usually has no secrets; absent if not reported. */
  readonly isFork?: boolean;
}

/** The current job. */
export interface CiJob {
  /** Unique in the CI system; `0` if it has no ID. */
  readonly id: string;
  /** The index among the parallel nodes of the job, from 0. */
  readonly node: string;
}

/** Where a step leaves a variable for later steps of the same job. */
export type VariableTarget =
  /** `shell`: a script that later steps source; `assignment`: lines of NAME=value. */
  | { readonly kind: 'file'; readonly path: string; readonly syntax: 'shell' | 'assignment' }
  /** The program gets NAME=value as its last argument. */
  | { readonly kind: 'program'; readonly command: readonly string[] }
  | { readonly kind: 'log'; line(name: string, value: string): string };

/** Where a step leaves Markdown for people. */
export type SummaryTarget =
  | { readonly kind: 'file'; readonly path: string; readonly maxBytes: number }
  /** The program reads the Markdown from its standard input. */
  | { readonly kind: 'program'; command(level: Level): readonly string[]; readonly maxBytes: number }
  /** A line in the log names a file with the Markdown, which the caller creates in `dir`. */
  | { readonly kind: 'log'; readonly dir: string; line(path: string): string; readonly maxBytes: number };

export type Level = 'notice' | 'warning' | 'error';

/** A section of the log. */
export interface LogGroup {
  /** Unique in the job: letters, digits and underscores. */
  readonly id: string;
  /** One line. */
  readonly title: string;
  /** Seconds since the epoch. */
  readonly time: number;
}

/**
 * What the CI system reads in the output of a step: complete lines, with the end of the line. Undefined: the
 * system has nothing of the kind. Values are escaped as the system requires.
 */
export interface LogCommands {
  /** Begins a section that people can fold. */
  readonly openGroup?: ((group: LogGroup) => string) | undefined;
  /** Undefined although groups can begin: the next one ends it. */
  readonly closeGroup?: ((group: LogGroup) => string) | undefined;
  readonly annotate?: ((level: Level, text: string) => string) | undefined;
  /** Hides a secret of one line in the rest of the log. */
  readonly mask?: ((secret: string) => string) | undefined;
}

/** Which interface reports the state of a job of the same pipeline. */
export type JobInterface = 'gitlab' | 'github' | 'buildkite';

/** What the processes of a cancelled job get: signals, and the pause before each (ms). */
export type CancelSequence = readonly {
  readonly signal: 'SIGINT' | 'SIGTERM' | 'SIGKILL';
  readonly afterMs: number;
}[];

/**
 * One CI system. All members are pure: they read only the given variables, and no files. A new
 * system is one more object of this type.
 */
export interface CiSystem {
  /** In lower case, unique: `circleci`. */
  readonly id: string;
  /** The product name: `CircleCI`. */
  readonly name: string;
  /** The variable with the ID of the pipeline run, equal in all its jobs; undefined without one. */
  readonly pipelineVariable: string | undefined;
  /** True if this process runs in a job of the system. */
  isHere(env: Env): boolean;
  /** Undefined: the system does not report it, and the caller uses other sources. */
  readRun(env: Env): CiRun | undefined;
  readJob(env: Env): CiJob;
  /** Undefined: steps of a job share no variables. */
  exportTo(env: Env): VariableTarget | undefined;
  summaryTo(env: Env): SummaryTarget | undefined;
  readonly log: LogCommands;
  readonly jobInterface: JobInterface | undefined;
  /**
   * The handover location for jobs on different nodes; undefined: the system itself carries the bundle
   * directory (workspace, artifact, shared volume), or there is no usual one.
   */
  handover(env: Env): string | undefined;
  /** The system's cache keeps only files below this directory; undefined: files anywhere, or no cache. */
  cacheRoot(env: Env): string | undefined;
  /** Undefined: unknown. */
  readonly cancellation: CancelSequence | undefined;
  /** Removes variables that a template had to set without a value from its user. */
  givenVariables(env: Env): Env;
}

/** The value of a variable; undefined if not set, or empty. */
export function textOf(env: Env, name: string): string | undefined {
  const value = env[name];
  return value === '' ? undefined : value;
}

/** The branch or tag that a full git reference names. */
export function readRef(ref: string | undefined): Pick<CiRun, 'branch' | 'tag'> {
  const [, kind, name] = /^refs\/(heads|tags)\/(.+)$/.exec(ref ?? '') ?? [];
  if (name === undefined) return {};
  return kind === 'tags' ? { tag: name } : { branch: name };
}

/** Leaves out what the system does not report. */
export function ciRun(facts: { readonly [Key in keyof CiRun]: CiRun[Key] | undefined }): CiRun {
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined));
}

/** What most systems lack. */
export const noExtras: Omit<CiSystem, 'id' | 'name' | 'pipelineVariable' | 'isHere' | 'readRun' | 'readJob'> =
  {
    exportTo: () => undefined,
    summaryTo: () => undefined,
    log: {},
    jobInterface: undefined,
    handover: () => undefined,
    cacheRoot: () => undefined,
    cancellation: undefined,
    givenVariables: (env) => env,
  };

/** An index that counts from 1, counted from 0. */
export function fromZero(index: string | undefined): string {
  return index === undefined ? '0' : String(Number(index) - 1);
}
