import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TemporaryDirectory {
  readonly path: string;
  /** Deletes the directory and its content. */
  readonly remove: () => Promise<void>;
}

/** A new empty directory. The caller removes it. */
export async function temporaryDirectory(): Promise<TemporaryDirectory> {
  const path = await mkdtemp(join(tmpdir(), 'drayage-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}
