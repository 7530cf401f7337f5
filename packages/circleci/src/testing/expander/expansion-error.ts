/** Kinds of mistakes in a configuration. */
export type ExpansionProblem =
  | 'INVALID'
  | 'UNDEFINED_ORB'
  | 'UNDEFINED_COMMAND'
  | 'UNDEFINED_EXECUTOR'
  | 'UNDEFINED_JOB'
  | 'UNDEFINED_PARAMETER'
  | 'UNKNOWN_ARGUMENT'
  | 'MISSING_ARGUMENT'
  | 'WRONG_TYPE'
  | 'NOT_IN_ENUM'
  | 'INCLUDE_LEFT'
  | 'CYCLE';

/** A configuration that CircleCI would refuse, with the place of the mistake. */
export class ExpansionError extends Error {
  readonly problem: ExpansionProblem;
  /** The path from the root: `jobs.build.steps[2].run.command`. */
  readonly place: string;

  constructor(problem: ExpansionProblem, place: string, reason: string) {
    super(`cannot expand ${place}: ${reason}`);
    this.name = 'ExpansionError';
    this.problem = problem;
    this.place = place;
  }
}
