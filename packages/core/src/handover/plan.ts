import { distinctDescriptors, type Descriptor } from '../image/descriptor.ts';
import type { Digest } from '../image/digest.ts';

/** What a copy transfers and what it skips. */
export interface CopyPlan {
  /** The blobs to copy: each digest once, in the requested order. */
  readonly missing: readonly Descriptor[];
  /** The blobs that the destination has: each digest once. */
  readonly present: readonly Descriptor[];
  /** Bytes of `missing`. */
  readonly missingBytes: number;
  /** Bytes of `present`. */
  readonly presentBytes: number;
}

/** Splits the wanted blobs into those that the destination has and those it lacks. */
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
