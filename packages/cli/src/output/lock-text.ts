import { driftText, type Drift } from '../lock/drift.ts';
import type { NotLocked } from '../lock/lock-images.ts';
import { counted } from './quantities.ts';

/** What `lock --json` prints. */
export interface LockReport {
  readonly path: string;
  /** False if an image could not be locked; the file is then unchanged. */
  readonly written: boolean;
  /** Number of images. */
  readonly images: number;
  /** Each as `OS/ARCH[/VARIANT]`. */
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

/** A summary, or one line per image that could not be locked and the consequence. */
export function lockText({ path, written, images, platforms, failures }: LockReport): string {
  if (written) return `${path} written: ${counted(images, 'image')} for ${platforms.join(', ')}\n`;
  const lines = failures.flatMap(({ text, platform, error }) => [
    `${text}  cannot be locked for ${platform}: ${error.message}`,
    ...(error.hint === undefined ? [] : [`  hint: ${error.hint}`]),
  ]);
  return `${[...lines, `${path} is unchanged: ${counted(failures.length, 'image')} could not be locked`].join('\n')}\n`;
}

/** One line per drift, and the remedy. */
export function lockCheckText({ path, ok, platforms, drifts }: LockCheckReport): string {
  if (ok) return `${path} is up to date for ${platforms.join(', ')}\n`;
  const remedy = `${path} is out of date: run "dray lock" and commit it`;
  return `${[...drifts.map(driftText), remedy].join('\n')}\n`;
}
