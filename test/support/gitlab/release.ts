import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { makeFolder, removeFolder } from '../folders.ts';
import { runOrThrow } from '../processes.ts';

const commandLine = fileURLToPath(new URL('../../../packages/cli', import.meta.url));

/** A folder with the files of a release, which jobs install `dray` from. */
export interface Release {
  readonly folder: string;
  readonly version: string;
  remove(): Promise<void>;
}

/** Packs the command line as it is built now. */
export async function packRelease(): Promise<Release> {
  const folder = makeFolder();
  const env = { NODE_OPTIONS: undefined };
  await runOrThrow('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: commandLine, env });
  const [tarball = ''] = readdirSync(folder);
  const version = /^drayage-(.+)\.tgz$/.exec(tarball)?.[1];
  if (version === undefined) throw new Error(`cannot read the version of ${join(folder, tarball)}`);
  return { folder, version, remove: () => removeFolder(folder) };
}
