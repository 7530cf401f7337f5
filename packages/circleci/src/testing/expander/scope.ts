import type { JsonObject } from '@drayage/core';

import type { Found, Namespace } from './namespace.ts';
import type { Step } from './step.ts';

/** Steps that were given as an argument, already expanded where they were written. */
export class BoundSteps {
  readonly steps: readonly Step[];

  constructor(steps: readonly Step[]) {
    this.steps = steps;
  }
}

/** An executor that was given as an argument, looked up where it was named. */
export class BoundExecutor {
  readonly found: Found;
  readonly args: JsonObject;

  constructor(found: Found, args: JsonObject) {
    this.found = found;
    this.args = args;
  }
}

export type Scalar = string | number | boolean;

/** The value of a parameter. */
export type Argument = Scalar | BoundSteps | BoundExecutor;

/** What names mean in the body of one element. */
export interface Scope {
  readonly namespace: Namespace;
  readonly parameters: ReadonlyMap<string, Argument>;
  /** Without the `pipeline.`: `git.branch`, `parameters.deploy`. */
  readonly pipeline: ReadonlyMap<string, Scalar>;
  readonly matrix: ReadonlyMap<string, Scalar>;
  /** Takes both ways of every condition: for finding mistakes that no configuration has met yet. */
  readonly everyBranch: boolean;
  /** The commands that are being expanded, outermost first. */
  readonly trail: readonly string[];
}
