import { matchesGlob } from './glob.ts';

/** What the CI system reports about this run; absent if it reports nothing. */
export interface RunContext {
  readonly branch?: string | undefined;
  readonly tag?: string | undefined;
  /** The CI system's word, such as `push`, `pull_request` or `schedule`. */
  readonly event?: string | undefined;
}

/** Globs (`*` within a path segment, `**` across, `?`). One match is enough. */
export interface Condition {
  readonly branches?: readonly string[] | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly events?: readonly string[] | undefined;
}

export interface Conditions {
  /** Undefined: always. */
  readonly only?: Condition | undefined;
  /** Undefined: never. Takes precedence over `only`. */
  readonly except?: Condition | undefined;
}

/** Undefined if the conditions hold for this run, else a sentence that names the one that does not. Pure. */
export function whyNotNow({ only, except }: Conditions, context: RunContext): string | undefined {
  const excluded = except === undefined ? undefined : findMatch(except, context);
  if (excluded !== undefined) return `${excluded} is excepted`;
  if (only === undefined || findMatch(only, context) !== undefined) return undefined;
  return `${describe(context)} does not match "only"`;
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
