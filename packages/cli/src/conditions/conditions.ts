import { matchesGlob } from './glob.ts';

/** What the CI system says of this run; absent where it says nothing. */
export interface RunContext {
  readonly branch?: string | undefined;
  readonly tag?: string | undefined;
  /** Such as `push`, `pull_request`, `schedule`: as the CI system calls it. */
  readonly event?: string | undefined;
}

/** Globs (`*` within a path segment, `**` across, `?`). One that matches is enough. */
export interface Condition {
  readonly branches?: readonly string[] | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly events?: readonly string[] | undefined;
}

export interface Conditions {
  /** Undefined: always. */
  readonly only?: Condition | undefined;
  /** Undefined: never. Wins over `only`. */
  readonly except?: Condition | undefined;
}

/** Undefined when the conditions hold for this run, else a sentence that says which does not. Pure. */
export function whyNotNow({ only, except }: Conditions, context: RunContext): string | undefined {
  const excluded = except === undefined ? undefined : findMatch(except, context);
  if (excluded !== undefined) return `${excluded} is excepted`;
  if (only === undefined || findMatch(only, context) !== undefined) return undefined;
  return `${describe(context)} is not among those it is for`;
}

function findMatch(condition: Condition, { branch, tag, event }: RunContext): string | undefined {
  const checks = [
    ['branch', branch, condition.branches],
    ['tag', tag, condition.tags],
    ['event', event, condition.events],
  ] as const;
  const found = checks.find(([, value, globs]) => {
    return value !== undefined && globs?.some((glob) => matchesGlob(value, glob)) === true;
  });
  return found === undefined ? undefined : `${found[0]} ${found[1] ?? ''}`;
}

function describe({ branch, tag, event }: RunContext): string {
  if (tag !== undefined) return `tag ${tag}`;
  if (branch !== undefined) return `branch ${branch}`;
  return event === undefined ? 'a run without a branch' : `event ${event}`;
}
