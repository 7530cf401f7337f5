/** What a load step knows about the pre-pull before it opens a bundle. */
export interface BundleFacts {
  readonly key: string;
  /** A handover location is configured. */
  readonly hasHandover: boolean;
  /** The CI system has attached the workspace. */
  readonly isAttached: boolean;
  /** Paths of the bundles, one per node of the pre-pull job. */
  readonly found: readonly string[];
  /** The path of this node's bundle, which need not exist yet. */
  readonly own: string;
  /** A pre-pull job has recorded that it began. */
  readonly hasBegun: boolean;
}

/** The bundles that a step loads. `isSettled`: they are finished copies. */
export type BundleChoice =
  | { readonly kind: 'bundles'; readonly paths: readonly string[]; readonly isSettled: boolean }
  | { readonly kind: 'none'; readonly reason: string };

/**
 * With a handover location, waits there. Otherwise takes every bundle that is here, one per node of the
 * pre-pull job; without an attached workspace, the bundle that this job's own pre-pull is writing. Pure.
 */
export function chooseBundles(facts: BundleFacts): BundleChoice {
  const { key, hasHandover, isAttached, found, own, hasBegun } = facts;
  if (hasHandover) return { kind: 'bundles', paths: [own], isSettled: false };
  if (found.length > 0) return { kind: 'bundles', paths: found, isSettled: isAttached };
  if (!isAttached) return { kind: 'bundles', paths: [own], isSettled: false };
  const reason = hasBegun
    ? `the job with the key ${key} ended before its pre-pull finished`
    : `no job with the key ${key} has run before this one`;
  return { kind: 'none', reason };
}
