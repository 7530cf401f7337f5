import { familiarReference } from '@drayage/core';
import type { Lock, LockedImage } from './lock-file.ts';

/** A requested image. */
export interface WantedImage {
  /** The image as the user wrote it. */
  readonly text: string;
  readonly optional: boolean;
  /** What the registry has now; undefined if not looked up. */
  readonly now?: LockedImage | undefined;
}

/** A difference between the lock and the requested images. */
export interface Drift {
  /**
   * `not-locked`: the lock lacks the image, at least for the platform; `not-wanted`: no longer requested;
   * `moved`: the registry has another digest now; `absent`: optional and missing when locked, but required
   * now.
   */
  readonly kind: 'not-locked' | 'not-wanted' | 'moved' | 'absent';
  readonly text: string;
  /** `OS/ARCH[/VARIANT]`; absent for `not-wanted`. */
  readonly platform?: string | undefined;
  /** `REFERENCE@DIGEST`, or `absent`. */
  readonly locked?: string | undefined;
  readonly now?: string | undefined;
}

/** All differences between the lock and the requested images on `platform`, in the order requested. Pure. */
export function findDrift(lock: Lock, wanted: readonly WantedImage[], platform: string): readonly Drift[] {
  const asked = new Set(wanted.map(({ text }) => text));
  const unwanted = [...lock.images.keys()].filter((text) => !asked.has(text)).sort();
  return [
    ...wanted.flatMap((image) => driftOf(lock, image, platform)),
    ...unwanted.map((text) => ({ kind: 'not-wanted', text }) as const),
  ];
}

/** A drift in one line. */
export function driftText({ kind, text, platform = '', locked = '', now = '' }: Drift): string {
  switch (kind) {
    case 'not-locked':
      return `${text}  is not in the lock for ${platform}`;
    case 'not-wanted':
      return `${text}  is in the lock, but no longer requested`;
    case 'moved':
      return `${text}  was ${locked} on ${platform}, is ${now} now`;
    case 'absent':
      return `${text}  is required, but was absent on ${platform} when it was locked`;
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
