import { readdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Owner } from '../lock/owner.ts';
import {
  identifyProcess,
  processesNaming,
  signalProcess,
  waitForEnd,
  type PidSpace,
  type ProcessIdentity,
  type Environment,
} from '@drayage/host';
import { removeNetworks } from '../network/remove-networks.ts';
import { cgroupProcesses, removeCgroup } from './cgroup.ts';

const killTimeoutMs = 10_000;

/** The processes that an engine started, those in its containers, and the engine itself while it runs. */
export async function engineProcesses({
  runDir,
  cgroup,
}: Pick<Owner, 'runDir' | 'cgroup'>): Promise<readonly ProcessIdentity[]> {
  const inContainers = await Promise.all((await cgroupProcesses(cgroup)).map(identifyProcess));
  const processes = [
    ...(await processesNaming(`${runDir}/`)),
    ...inContainers.filter((entry) => entry !== undefined),
  ];
  return [...new Map(processes.map((entry) => [entry.pid, entry])).values()];
}

/** Kills processes. Resolves with false if some cannot be killed. */
export async function killProcesses(processes: readonly ProcessIdentity[]): Promise<boolean> {
  for (const entry of processes) await signalProcess(entry, 'SIGKILL');
  return waitForEnd(processes, killTimeoutMs);
}

/**
 * Asks an engine to end. After `timeoutMs`, kills it and everything that it started, and resolves with false.
 */
export async function endEngine(owner: Owner, timeoutMs: number): Promise<boolean> {
  await signalProcess(owner, 'SIGTERM');
  const isEnded = await waitForEnd([owner], timeoutMs);
  if (!isEnded) await killProcesses([owner]);
  await killProcesses(await engineProcesses(owner));
  return isEnded;
}

/**
 * Ends and removes what an ended engine may have left outside of its data-root. Only call with the lock.
 * `userNetworks`: bridges of users too. Idempotent.
 */
export async function removeTraces(
  owner: Owner,
  here: PidSpace,
  env: Environment,
  userNetworks: readonly string[],
): Promise<void> {
  if (owner.bootId === here.bootId) {
    // Containers outlive a killed engine, and do not hold the lock.
    if (owner.pidNamespace === here.pidNamespace) await killProcesses(await engineProcesses(owner));
    if (owner.networkNamespace === here.networkNamespace) await removeNetworks(owner, userNetworks, env);
    await removeCgroup(owner.cgroup);
  }
  await rm(owner.runDir, { recursive: true, force: true });
  if (owner.packFolder !== undefined) await removePackFolder(owner.packFolder);
}

/** Removes mount points and notes. A directory that is still a mount point here stays. */
async function removePackFolder(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    const path = join(folder, entry.name);
    await (entry.isDirectory() ? rmdir(path) : rm(path)).catch(() => undefined);
  }
  await rmdir(folder).catch(() => undefined);
}
