import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';

import { run, runOrThrow } from './processes.ts';

/** Mounts a fresh tmpfs on an existing folder. */
export async function mountTmpfs(folder: string): Promise<void> {
  await runOrThrow('mount', ['-t', 'tmpfs', '-o', 'mode=0711', 'drayage-test', folder]);
}

// More than any test or benchmark writes.
const ext4Bytes = 40_000_000_000;

/** Mounts a fresh ext4 on an existing folder, kept in a sparse file. */
export async function mountExt4(file: string, folder: string, sizeBytes: number = ext4Bytes): Promise<void> {
  // A new file: the old one may still be mounted in a mount namespace that another process has copied from
  // ours.
  rmSync(file, { force: true });
  writeFileSync(file, '');
  truncateSync(file, sizeBytes);
  await runOrThrow('mkfs.ext4', ['-q', '-F', '-E', 'lazy_itable_init=1,lazy_journal_init=1', file]);
  await runOrThrow('mount', ['-o', 'loop', file, folder]);
}

/** Lists where something is mounted in a folder or below it, outermost first. */
export function mountsBelow(folder: string): string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => decodeSpaces(line.split(' ')[4] ?? ''))
    .filter((point) => point === folder || point.startsWith(`${folder}/`));
}

/** Unmounts everything in a folder and below it; detaches busy mounts, which go with their last user. */
export async function unmountBelow(folder: string): Promise<void> {
  for (const point of mountsBelow(folder).reverse()) {
    const { exitCode } = await run('umount', [point]);
    if (exitCode !== 0) await run('umount', ['--lazy', point]);
  }
}

function decodeSpaces(path: string): string {
  return path.replaceAll('\\040', ' ');
}
