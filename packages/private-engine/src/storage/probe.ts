import { mkdtemp, readFile, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import {
  findProgram,
  installHint,
  parseMountinfo,
  runProgram,
  systemEnvironment,
  type Environment,
  type ProgramResult,
} from '@drayage/host';
import type { StorageFacts, StorageWish, Trial } from './choose.ts';
import { tryFuseOverlayfs, tryOverlay, tryOverlayOnTmpfs } from './scripts.ts';

/** Runs a shell script in a new mount namespace; `$1` … are `args`. */
export type ScratchRun = (script: string, ...args: readonly string[]) => Promise<ProgramResult>;

/** Each script gets a new mount namespace, which ends with the script. */
function scratchNamespace(env: Environment): ScratchRun {
  const enter = ['unshare', '-m', '--propagation', 'private'];
  return (script, ...args) =>
    runProgram([...enter, 'sh', '-c', script, 'drayage', ...args], { env: systemEnvironment(env) });
}

export interface ProbeOptions {
  readonly run?: ScratchRun | undefined;
  /** Trials that do not affect the decision are skipped: fuse-overlayfs if the kernel's overlay works. */
  readonly wish?: StorageWish | undefined;
}

/**
 * Finds out which storage backends work in `dir`, an existing directory. Every trial does the real thing and
 * leaves nothing.
 */
export async function probeStorage(
  dir: string,
  env: Environment,
  { run = scratchNamespace(env), wish = 'auto' }: ProbeOptions = {},
): Promise<StorageFacts> {
  const scratch = await mkdtemp(join(dir, '.drayage-'));
  try {
    const overlayHere = trial(await run(tryOverlay, scratch));
    // If it works here, the kernel permits it.
    const overlayAnywhere =
      overlayHere === undefined ? undefined : trial(await run(tryOverlayOnTmpfs, scratch));
    const isFuseOfInterest = overlayHere !== undefined || wish === 'fuse-overlayfs';
    return {
      filesystem: await filesystemOf(dir),
      overlayHere,
      overlayAnywhere,
      loopExt4: await whyNoLoop(env),
      fuseOverlayfs: isFuseOfInterest ? await fuseTrial(scratch, env, run) : undefined,
      freeBytes: await freeBytes(dir),
      memoryBytes: await availableMemory(),
    };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Free space, without the blocks reserved for root (bytes). */
export async function freeBytes(dir: string): Promise<number> {
  const { bavail, bsize } = await statfs(dir);
  return bavail * bsize;
}

/** The type of the file system of a path, according to `mountinfo`. Pure. */
export function filesystemAt(path: string, mountinfo: string): string {
  const covering = parseMountinfo(mountinfo).filter(
    ({ mountPoint }) => mountPoint === '/' || path === mountPoint || path.startsWith(`${mountPoint}/`),
  );
  const deepest = covering.reduce(
    (best, entry) => (entry.mountPoint.length >= best.mountPoint.length ? entry : best),
    { mountPoint: '', filesystem: 'an unknown file system' },
  );
  return deepest.filesystem;
}

async function filesystemOf(dir: string): Promise<string> {
  return filesystemAt(dir, await readFile('/proc/self/mountinfo', 'utf8'));
}

async function whyNoLoop(env: Environment): Promise<Trial> {
  if ((await findProgram('mkfs.ext4', env)) === undefined) {
    return `program mkfs.ext4 not found (${installHint('mkfs.ext4')})`;
  }
  const devices = await readFile('/proc/devices', 'utf8').catch(() => '');
  return /^ *\d+ loop$/m.test(devices) ? undefined : 'this kernel has no loop devices';
}

async function fuseTrial(scratch: string, env: Environment, run: ScratchRun): Promise<Trial> {
  const program = await findProgram('fuse-overlayfs', env);
  if (program === undefined) return `program fuse-overlayfs not found (${installHint('fuse-overlayfs')})`;
  return trial(await run(tryFuseOverlayfs, scratch, program));
}

function trial({ exitCode, stdout, stderr }: ProgramResult): Trial {
  if (exitCode === 0) return undefined;
  const lines = `${stdout}${stderr}`
    .trim()
    .split('\n')
    .filter((line) => !/dmesg/.test(line));
  return lines.at(-1)?.trim() || `exit code ${exitCode}`;
}

async function availableMemory(): Promise<number> {
  const text = await readFile('/proc/meminfo', 'utf8').catch(() => '');
  return Number(/^MemAvailable:\s*(\d+) kB$/m.exec(text)?.[1] ?? 0) * 1024;
}
