/** The variables of a process. An empty one counts as not set. */
export type Env = Readonly<Record<string, string | undefined>>;

/** What the CI system says about the run that this process belongs to. Absent: it does not say. */
export interface CiRun {
  /** The branch; for a pull request the one that it comes from; none for a tag. */
  readonly branch?: string;
  /** The git tag that the run is for. */
  readonly tag?: string;
  /**
   * What started the run, in the words of the CI system; `pull_request` where it only has a number of one.
   */
  readonly event?: string;
}

/** The job that this process belongs to. */
export interface CiJob {
  /** Unique in the CI system; `0` where it has no name for it. */
  readonly id: string;
  /** Which of the parallel copies of the job this is, counted from 0. */
  readonly node: string;
}

/**
 * One CI system. All members are pure: they read the variables that they are given, and no files. A new
 * system is one more object of this type.
 */
export interface CiSystem {
  /** In lower case, unique: `circleci`. */
  readonly id: string;
  /** As people write it: `CircleCI`. */
  readonly name: string;
  /** The variable with the ID of the pipeline run, equal in all its jobs; undefined without one. */
  readonly pipelineVariable: string | undefined;
  /** Whether this process runs in a job of it. */
  isHere(env: Env): boolean;
  /** Undefined: the system has no definition of it, and the caller asks elsewhere. */
  readRun(env: Env): CiRun | undefined;
  readJob(env: Env): CiJob;
  /** The shell script that later steps of the same job source; undefined without one. */
  exportFile(env: Env): string | undefined;
  /** The variables without those that a template had to set although its user gave no value. */
  givenVariables(env: Env): Env;
}

/** The value of a variable; undefined when it is not set, or empty. */
export function textOf(env: Env, name: string): string | undefined {
  const value = env[name];
  return value === '' ? undefined : value;
}
