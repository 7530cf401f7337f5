import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { mountsBelow, unmountBelow } from './mounts.ts';
import { endProcessesNaming } from './process-table.ts';

const PREFIX = 'dray-test-';

/** The prefix of all temporary folders of this process, to find leaks. */
export const ownFolderPrefix: string = join(tmpdir(), `${PREFIX}${String(process.pid)}-`);

/** Makes an empty temporary folder. The name is short, because a socket path can have at most 107 bytes. */
export function makeFolder(): string {
  return mkdtempSync(ownFolderPrefix);
}

/** Ends what runs from a temporary folder, unmounts what is mounted below it and removes it. */
export async function removeFolder(folder: string): Promise<void> {
  await endProcessesNaming(folder);
  await unmountBelow(folder);
  if (mountsBelow(folder).length > 0)
    throw new Error(`cannot remove ${folder}: something is still mounted there`);
  rmSync(folder, { recursive: true, force: true });
}

/** Removes what test runs that were killed have left behind. */
export async function removeAbandonedFolders(): Promise<void> {
  for (const name of readdirSync(tmpdir())) {
    const pid = new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) await removeFolder(join(tmpdir(), name));
  }
}
