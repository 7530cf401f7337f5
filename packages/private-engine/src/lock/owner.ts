import { readFile, rm } from 'node:fs/promises';
import { isObject } from '@drayage/core';
import { isRunning, writeFileAtOnce, type PidSpace, type ProcessIdentity } from '@drayage/host';

/** Who uses a data-root; lies beside the lock, so that others can be told. */
export interface Owner extends ProcessIdentity, PidSpace {
  /** As the machine or the container calls itself. */
  readonly hostname: string;
  /** ISO 8601. */
  readonly since: string;
  readonly socket: string;
  /** Everything below it is named in the command lines of what this engine has started. */
  readonly runDir: string;
  /** Network bridge that was made for this engine, to be removed after it. */
  readonly bridge?: string | undefined;
  /** There were no firewall chains of engines before it. */
  readonly ownsChains?: boolean | undefined;
  /** Of its containers, below the mount of each hierarchy. */
  readonly cgroup: string;
}

/** `elsewhere`: its process number means nothing here; only the lock itself can tell whether it lives. */
export type OwnerLife = 'running' | 'dead' | 'elsewhere';

/** The owner that a file names; undefined when there is no file, or one that is not whole. */
export async function readOwner(file: string): Promise<Owner | undefined> {
  try {
    return parseOwner(await readFile(file, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Becomes visible at once. Only the holder of the lock may do so. */
export async function writeOwner(file: string, owner: Owner): Promise<void> {
  await writeFileAtOnce(file, JSON.stringify({ version: 1, ...owner }));
}

/** One that is not there is fine. */
export async function removeOwner(file: string): Promise<void> {
  await rm(file, { force: true });
}

/** Whether the owner's process lives, as far as that can be told from here. */
export async function ownerLife(owner: Owner, here: PidSpace): Promise<OwnerLife> {
  if (owner.bootId !== here.bootId) return 'dead';
  if (owner.pidNamespace !== here.pidNamespace) return 'elsewhere';
  return (await isRunning(owner)) ? 'running' : 'dead';
}

/** Reads an owner file. Pure. */
function parseOwner(text: string): Owner | undefined {
  const value: unknown = JSON.parse(text);
  if (!isObject(value) || value['version'] !== 1) return undefined;
  const { pid, startTime, bridge, ownsChains } = value;
  const { bootId, pidNamespace, networkNamespace, hostname, since, socket, runDir, cgroup } = value;
  if (typeof pid !== 'number' || typeof startTime !== 'number') return undefined;
  if (typeof bootId !== 'string' || typeof pidNamespace !== 'string') return undefined;
  if (typeof networkNamespace !== 'string' || typeof hostname !== 'string') return undefined;
  if (typeof since !== 'string' || typeof socket !== 'string') return undefined;
  if (typeof runDir !== 'string' || typeof cgroup !== 'string') return undefined;
  const space = { bootId, pidNamespace, networkNamespace };
  const owner = { pid, startTime, ...space, hostname, since, socket, runDir, cgroup };
  return {
    ...owner,
    ...(typeof bridge === 'string' ? { bridge } : {}),
    ...(typeof ownsChains === 'boolean' ? { ownsChains } : {}),
  };
}
