import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TemporaryDirectory {
  readonly path: string;
  /** Deletes it with everything in it. */
  readonly remove: () => Promise<void>;
}

/** A new empty directory. Who asked for it removes it. */
export async function temporaryDirectory(): Promise<TemporaryDirectory> {
  const path = await mkdtemp(join(tmpdir(), 'drayage-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}
