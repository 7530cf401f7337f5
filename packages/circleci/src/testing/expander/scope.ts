import type { JsonObject } from '@drayage/core';

import type { Found, Namespace } from './namespace.ts';
import type { Step } from './step.ts';

/** Steps given as an argument, already expanded in the scope where they were written. */
export class BoundSteps {
  readonly steps: readonly Step[];

  constructor(steps: readonly Step[]) {
    this.steps = steps;
  }
}

/** An executor given as an argument, resolved in the scope that named it. */
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

/** The meaning of names in the body of one element. */
export interface Scope {
  readonly namespace: Namespace;
  readonly parameters: ReadonlyMap<string, Argument>;
  /** Without the `pipeline.`: `git.branch`, `parameters.deploy`. */
  readonly pipeline: ReadonlyMap<string, Scalar>;
  readonly matrix: ReadonlyMap<string, Scalar>;
  /** Take both branches of every condition, to find mistakes in unused ones. */
  readonly everyBranch: boolean;
  /** The commands in expansion, outermost first. */
  readonly trail: readonly string[];
}
