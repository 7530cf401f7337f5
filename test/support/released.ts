import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { runOrThrow } from './processes.ts';

/** All that the install script may use besides what downloads: any image has them. */
export const installerPrograms: readonly string[] = [
  'cat',
  'chmod',
  'gzip',
  'mkdir',
  'mktemp',
  'mv',
  'readlink',
  'rm',
  'sed',
  'sh',
  'sha256sum',
  'tail',
  'tar',
  'uname',
];

/** A released file on this machine. */
export interface ReleasedPackage {
  /** As it is called in the list of checksums. */
  readonly name: string;
  readonly file: string;
  readonly sha256: string;
}

/** What a release consists of, made from this checkout for this machine. */
export interface Release {
  readonly version: string;
  /** Holds the files, and SHA256SUMS. */
  readonly folder: string;
  /** For the Node.js of the machine. */
  readonly command: ReleasedPackage;
  /** Brings its own Node.js. */
  readonly standalone: ReleasedPackage;
}

/** The script that installs the command in a job. */
export const installScript: string = fileURLToPath(
  new URL('../../packages/cli/assets/install.sh', import.meta.url),
);

/** What Node.js calls this machine in names of packages. */
export const machine: string = `linux-${process.arch}`;

/** Makes the files of a release, quickly and therefore a tenth larger than those that users get. */
export async function makeRelease(folder: string): Promise<Release> {
  const script = fileURLToPath(new URL('../../scripts/package.mjs', import.meta.url));
  const { stdout } = await runOrThrow(process.execPath, [script, '--out', folder, '--level', '1'], {
    env: { NODE_OPTIONS: undefined },
  });
  const version = /\bdrayage-(\d\S*)\.tgz$/m.exec(stdout)?.[1];
  if (version === undefined) throw new Error(`cannot read what was released:\n${stdout}`);
  return {
    ...{ version, folder },
    command: releasedPackage(folder, `drayage-${version}.tgz`),
    standalone: releasedPackage(folder, `drayage-standalone-${machine}-${version}.tgz`),
  };
}

/** The checksums of files in the words that the script takes. */
export function checksumsOf(...packages: readonly ReleasedPackage[]): string {
  return packages.map(({ name, sha256 }) => `${name}=${sha256}`).join('\n');
}

/** A file of this machine under the name that it is released by. */
function releasedPackage(folder: string, name: string): ReleasedPackage {
  const file = join(folder, name);
  return { name, file, sha256: createHash('sha256').update(readFileSync(file)).digest('hex') };
}
