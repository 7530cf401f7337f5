import { readFile, rm } from 'node:fs/promises';
import { isObject } from '@drayage/core';
import { isRunning, writeFileAtOnce, type PidSpace, type ProcessIdentity } from '@drayage/host';

/** The process that uses a data-root. Stored beside the lock, for error messages and cleaning up. */
export interface Owner extends ProcessIdentity, PidSpace {
  /** Host name of the machine or container. */
  readonly hostname: string;
  /** Start time (ISO 8601). */
  readonly since: string;
  readonly socket: string;
  /** Command lines of processes that the engine started contain paths below it. */
  readonly runDir: string;
  /** Network bridge that was created for this engine and must be removed after it. */
  readonly bridge?: string | undefined;
  /** True if no engine had firewall chains before this one. */
  readonly ownsChains?: boolean | undefined;
  /** The folder of the packs that were mounted into the running engine. */
  readonly packFolder?: string | undefined;
  /** Control group of its containers, below each hierarchy's mount point. */
  readonly cgroup: string;
}

/** `elsewhere`: its pid has no meaning here; only the lock shows whether it lives. */
export type OwnerLife = 'running' | 'dead' | 'elsewhere';

/** Reads an owner file; undefined if it is missing or incomplete. */
export async function readOwner(file: string): Promise<Owner | undefined> {
  try {
    return parseOwner(await readFile(file, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Writes atomically. Only call with the lock. */
export async function writeOwner(file: string, owner: Owner): Promise<void> {
  await writeFileAtOnce(file, ownerText(owner));
}

/** The content of an owner file. Pure. */
export function ownerText(owner: Owner): string {
  return JSON.stringify({ version: 1, ...owner });
}

/** Succeeds if the file does not exist. */
export async function removeOwner(file: string): Promise<void> {
  await rm(file, { force: true });
}

/** Whether the owner's process lives, as far as this process can see. */
export async function ownerLife(owner: Owner, here: PidSpace): Promise<OwnerLife> {
  if (owner.bootId !== here.bootId) return 'dead';
  if (owner.pidNamespace !== here.pidNamespace) return 'elsewhere';
  return (await isRunning(owner)) ? 'running' : 'dead';
}

/**
 * Parses an owner file; undefined if it is incomplete. Pure. @throws SyntaxError if it is not JSON
 */
export function parseOwner(text: string): Owner | undefined {
  const value: unknown = JSON.parse(text);
  if (!isObject(value) || value['version'] !== 1) return undefined;
  const { pid, startTime, bridge, ownsChains, packFolder } = value;
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
    ...(typeof packFolder === 'string' ? { packFolder } : {}),
  };
}
