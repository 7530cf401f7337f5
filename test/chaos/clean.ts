import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { mountsBelow } from '../support/mounts.ts';
import { processesNaming } from '../support/process-table.ts';
import { waitUntil } from '../support/wait.ts';

/**
 * Throws unless no process, mount or loop device of a folder is left, no unfinished file in its bundles, and
 * nothing in the folders that must be empty.
 */
export async function expectClean(
  folder: string,
  { bundles = [], empty = [] }: { readonly bundles?: readonly string[]; readonly empty?: readonly string[] },
): Promise<void> {
  const left = (): readonly string[] => [
    ...processesNaming(folder).map(({ commandLine }) => `process ${commandLine}`),
    ...mountsBelow(folder).map((point) => `mount ${point}`),
    ...loopDevicesOn(folder),
    ...bundles.flatMap(unfinishedIn),
    ...empty.flatMap((path) => namesIn(path).map((name) => join(path, name))),
  ];
  try {
    await waitUntil(() => left().length === 0, 'nothing is left', 20_000);
  } catch (cause) {
    throw new Error(`left behind: ${left().join(', ')}`, { cause });
  }
}

function unfinishedIn(bundle: string): readonly string[] {
  return ['ingest', 'work'].flatMap((name) => {
    const folder = join(bundle, '.dray', name);
    return namesIn(folder).map((file) => join(folder, file));
  });
}

function loopDevicesOn(folder: string): readonly string[] {
  return namesIn('/sys/block')
    .filter((name) => name.startsWith('loop'))
    .filter((name) => backingFile(name).startsWith(`${folder}/`));
}

function backingFile(name: string): string {
  try {
    return readFileSync(`/sys/block/${name}/loop/backing_file`, 'utf8');
  } catch {
    return '';
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
