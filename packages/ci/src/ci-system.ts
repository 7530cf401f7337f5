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
}

/** The current job. */
export interface CiJob {
  /** Unique in the CI system; `0` if it has no ID. */
  readonly id: string;
  /** The index among the parallel nodes of the job, from 0. */
  readonly node: string;
}

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
  /** The shell script that later steps of the same job source; undefined without one. */
  exportFile(env: Env): string | undefined;
  /** Removes variables that a template had to set without a value from its user. */
  givenVariables(env: Env): Env;
}

/** The value of a variable; undefined if not set, or empty. */
export function textOf(env: Env, name: string): string | undefined {
  const value = env[name];
  return value === '' ? undefined : value;
}
