import { rm } from 'node:fs/promises';
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

/** What an engine has started and what runs in its containers; the engine itself included while it lives. */
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

/** Ends processes at once. False when some of them cannot be ended. */
export async function killProcesses(processes: readonly ProcessIdentity[]): Promise<boolean> {
  for (const entry of processes) await signalProcess(entry, 'SIGKILL');
  return waitForEnd(processes, killTimeoutMs);
}

/** Tells an engine to end, and ends it and all that it has started when it has not after `timeoutMs`; false then. */
export async function endEngine(owner: Owner, timeoutMs: number): Promise<boolean> {
  await signalProcess(owner, 'SIGTERM');
  const isEnded = await waitForEnd([owner], timeoutMs);
  if (!isEnded) await killProcesses([owner]);
  await killProcesses(await engineProcesses(owner));
  return isEnded;
}

/** Ends and removes what an engine that has ended may have left outside of its data-root; for the holder of the lock; `userNetworks`: bridges too. All of it may be gone already. */
export async function removeTraces(
  owner: Owner,
  here: PidSpace,
  env: Environment,
  userNetworks: readonly string[],
): Promise<void> {
  if (owner.bootId === here.bootId) {
    // Containers outlive an engine that was killed, and hold no lock.
    if (owner.pidNamespace === here.pidNamespace) await killProcesses(await engineProcesses(owner));
    if (owner.networkNamespace === here.networkNamespace) await removeNetworks(owner, userNetworks, env);
    await removeCgroup(owner.cgroup);
  }
  await rm(owner.runDir, { recursive: true, force: true });
}
