import { distinctDescriptors, type Descriptor } from '../image/descriptor.ts';
import type { Digest } from '../image/digest.ts';

/** What a copy has to do. */
export interface CopyPlan {
  /** To be copied: each digest once, in the order they were wanted. */
  readonly missing: readonly Descriptor[];
  /** There already: each digest once. */
  readonly present: readonly Descriptor[];
  /** Of `missing`. */
  readonly missingBytes: number;
  /** Of `present`. */
  readonly presentBytes: number;
}

/** Sorts the wanted blobs into those that the other side has and those it lacks. */
export function planCopy(wanted: readonly Descriptor[], present: ReadonlySet<Digest>): CopyPlan {
  const distinct = distinctDescriptors(wanted);
  const missing = distinct.filter(({ digest }) => !present.has(digest));
  const there = distinct.filter(({ digest }) => present.has(digest));
  return {
    missing,
    present: there,
    missingBytes: totalBytes(missing),
    presentBytes: totalBytes(there),
  };
}

function totalBytes(descriptors: readonly Descriptor[]): number {
  return descriptors.reduce((sum, { size }) => sum + size, 0);
}
