/** What a load step knows of the pre-pull before it looks into a bundle. */
export interface BundleFacts {
  readonly key: string;
  /** A handover location is named. */
  readonly hasHandover: boolean;
  /** The CI system has brought the workspace here. */
  readonly isAttached: boolean;
  /** The bundles of the nodes of the pre-pull job, by path. */
  readonly found: readonly string[];
  /** Where the bundle of this node is, or will be. */
  readonly own: string;
  /** A pre-pull job has recorded that it began. */
  readonly hasBegun: boolean;
}

/** Which bundles a step loads. `isSettled`: they are finished copies. */
export type BundleChoice =
  | { readonly kind: 'bundles'; readonly paths: readonly string[]; readonly isSettled: boolean }
  | { readonly kind: 'none'; readonly reason: string };

/**
 * A handover is waited for. Otherwise every bundle counts that is here, one for each node of the pre-pull
 * job; and without the workspace, the one that this job's own pre-pull is writing. Pure.
 */
export function chooseBundles(facts: BundleFacts): BundleChoice {
  const { key, hasHandover, isAttached, found, own, hasBegun } = facts;
  if (hasHandover) return { kind: 'bundles', paths: [own], isSettled: false };
  if (found.length > 0) return { kind: 'bundles', paths: found, isSettled: isAttached };
  if (!isAttached) return { kind: 'bundles', paths: [own], isSettled: false };
  const reason = hasBegun
    ? `the job with the key ${key} ended before its pre-pull did`
    : `no job with the key ${key} has run before this one`;
  return { kind: 'none', reason };
}
