import { driftText, type Drift } from '../lock/drift.ts';
import type { NotLocked } from '../lock/lock-images.ts';
import { counted } from './quantities.ts';

/** What `lock --json` prints. */
export interface LockReport {
  readonly path: string;
  /** False when an image could not be locked: the file stays as it was. */
  readonly written: boolean;
  /** Count of images. */
  readonly images: number;
  /** `OS/ARCH[/VARIANT]` each. */
  readonly platforms: readonly string[];
  readonly failures: readonly NotLocked[];
}

/** What `lock --check --json` prints. */
export interface LockCheckReport {
  readonly path: string;
  readonly ok: boolean;
  readonly platforms: readonly string[];
  readonly drifts: readonly Drift[];
}

/** What was locked, or one line for each image that could not be and what that means. */
export function lockText({ path, written, images, platforms, failures }: LockReport): string {
  if (written) return `${path} written: ${counted(images, 'image')} for ${platforms.join(', ')}\n`;
  const lines = failures.flatMap(({ text, platform, error }) => [
    `${text}  cannot be locked for ${platform}: ${error.message}`,
    ...(error.hint === undefined ? [] : [`  hint: ${error.hint}`]),
  ]);
  return `${[...lines, `${path} stays as it was: ${counted(failures.length, 'image')} could not be locked`].join('\n')}\n`;
}

/** One line for each drift, and what to do about them. */
export function lockCheckText({ path, ok, platforms, drifts }: LockCheckReport): string {
  if (ok) return `${path} is up to date for ${platforms.join(', ')}\n`;
  const remedy = `${path} is out of date: run "dray lock" and commit it`;
  return `${[...drifts.map(driftText), remedy].join('\n')}\n`;
}
