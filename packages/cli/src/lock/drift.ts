import { familiarReference } from '@drayage/core';
import type { Lock, LockedImage } from './lock-file.ts';

/** An image that is asked for. */
export interface WantedImage {
  /** The text it is asked for with. */
  readonly text: string;
  readonly optional: boolean;
  /** What the registry has now; undefined where it was not asked. */
  readonly now?: LockedImage | undefined;
}

/** One way in which a lock is not what is asked for. */
export interface Drift {
  /**
   * `not-locked`: the lock lacks the image, or lacks it for the platform; `not-wanted`: no longer asked for; `moved`:
   * the registry has something else now; `absent`: optional and missing when it was locked, required now.
   */
  readonly kind: 'not-locked' | 'not-wanted' | 'moved' | 'absent';
  readonly text: string;
  /** `OS/ARCH[/VARIANT]`; absent for `not-wanted`. */
  readonly platform?: string | undefined;
  /** `REFERENCE@DIGEST`, or `absent`. */
  readonly locked?: string | undefined;
  readonly now?: string | undefined;
}

/** Every way in which the lock differs from what is asked for on `platform`, in the order asked for. Pure. */
export function findDrift(lock: Lock, wanted: readonly WantedImage[], platform: string): readonly Drift[] {
  const asked = new Set(wanted.map(({ text }) => text));
  const unwanted = [...lock.images.keys()].filter((text) => !asked.has(text)).sort();
  return [
    ...wanted.flatMap((image) => driftOf(lock, image, platform)),
    ...unwanted.map((text) => ({ kind: 'not-wanted', text }) as const),
  ];
}

/** One line for a drift. */
export function driftText({ kind, text, platform = '', locked = '', now = '' }: Drift): string {
  switch (kind) {
    case 'not-locked':
      return `${text}  is not in the lock for ${platform}`;
    case 'not-wanted':
      return `${text}  is in the lock, and nobody asks for it`;
    case 'moved':
      return `${text}  was ${locked} on ${platform}, is ${now} now`;
    case 'absent':
      return `${text}  is required, and was absent on ${platform} when it was locked`;
  }
}

function driftOf(lock: Lock, { text, optional, now }: WantedImage, platform: string): readonly Drift[] {
  const locked = lock.images.get(text)?.get(platform);
  if (locked === undefined) return [{ kind: 'not-locked', text, platform }];
  if (locked === 'absent' && !optional) return [{ kind: 'absent', text, platform }];
  if (now === undefined || isSame(locked, now)) return [];
  return [{ kind: 'moved', text, platform, locked: formatLocked(locked), now: formatLocked(now) }];
}

function isSame(a: LockedImage, b: LockedImage): boolean {
  return formatLocked(a) === formatLocked(b);
}

function formatLocked(image: LockedImage): string {
  return image === 'absent' ? 'absent' : familiarReference({ ...image.reference, digest: image.digest });
}
