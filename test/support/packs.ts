import { join } from 'node:path';

import { cachedPart } from './parts.ts';
import { runOrThrow } from './processes.ts';

/** A file system that is mounted for a test. */
export interface Mounted {
  readonly path: string;
  unmount(): Promise<void>;
}

/** Mounts a file as a file system, read-only, on a folder that is there. */
export async function mountFile(file: string, type: 'squashfs' | 'erofs', path: string): Promise<Mounted> {
  await runOrThrow('mount', ['-t', type, '-o', 'loop,ro', file, path]);
  return {
    path,
    async unmount() {
      await runOrThrow('umount', [path]);
    },
  };
}

/** Where programs are that read and write EROFS and are new enough, or undefined. */
export function erofsPrograms(): { readonly mkfsErofs: string; readonly fsckErofs: string } | undefined {
  const part = cachedPart('erofs');
  if (part === undefined) return undefined;
  return { mkfsErofs: join(part, 'bin/mkfs.erofs'), fsckErofs: join(part, 'bin/fsck.erofs') };
}
