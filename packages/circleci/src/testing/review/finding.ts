import type { OrbFile } from './orb-file.ts';

/**
 * The rules of CircleCI's own review of orbs.
 * @see https://github.com/CircleCI-Public/orb-tools-orb/blob/v12.4.0/src/scripts/review.bats
 */
export type ReviewCode =
  | 'RC001'
  | 'RC002'
  | 'RC003'
  | 'RC004'
  | 'RC005'
  | 'RC006'
  | 'RC007'
  | 'RC008'
  | 'RC009'
  | 'RC010'
  | 'RC011'
  | 'RC012';

/** A breach of a rule. */
export interface Finding {
  readonly code: ReviewCode;
  /** Path below `src/`; for a rule about the whole orb, the place of the remedy. */
  readonly path: string;
  readonly message: string;
}

/** The input of the rules, in addition to the sources. */
export interface ReviewOptions {
  /** Without a version: `drayage/drayage`. */
  readonly orb: string;
  readonly version: string;
  /** Both links of the orb must point there. */
  readonly repositoryUrl: string;
}

/** One or more rules. Pure. */
export type ReviewCheck = (files: readonly OrbFile[], options: ReviewOptions) => readonly Finding[];
