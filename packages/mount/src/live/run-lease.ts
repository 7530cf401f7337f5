import { createHash, randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Digest } from '@drayage/core';
import { currentPidSpace, identifyProcess, isRunning } from '@drayage/host';
import type { ContainerdClient } from '../containerd/client.ts';
import { collectorLabels, drayageLabels, hasLabel } from '../containerd/labels.ts';
import type { Lease } from '../containerd/leases.ts';

// Longer than any mount; packs are uploaded before the lease is taken.
const lifetimeMs = 3_600_000;

export function leaseName(): string {
  return `drayage-${randomUUID()}`;
}

/** Takes a lease, which keeps new content and packs of this run for an hour or until it is deleted. */
export async function takeLease(
  { leases }: Pick<ContainerdClient, 'leases'>,
  id: string,
  packs: readonly Digest[],
): Promise<void> {
  await leases.create({
    id,
    labels: {
      [collectorLabels.expire]: new Date(Date.now() + lifetimeMs).toISOString(),
      [drayageLabels.owner]: await ownerName(),
      ...Object.fromEntries(
        packs.map((pack, position) => [`${drayageLabels.pack}.${String(position)}`, pack]),
      ),
    },
  });
}

/**
 * Lists the leases of runs that may still be alive. Deletes leases of dead runs, with the content that only
 * they kept.
 */
export async function liveLeases({ leases }: Pick<ContainerdClient, 'leases'>): Promise<readonly Lease[]> {
  const alive: Lease[] = [];
  for (const lease of await leases.list(hasLabel(drayageLabels.owner))) {
    if (await isAbandoned(lease)) await leases.delete(lease.id, { sync: true });
    else alive.push(lease);
  }
  return alive;
}

/** The packs that a run is mounting or has mounted. */
export function packsOfLease({ labels }: Lease): readonly string[] {
  const names = Object.keys(labels).filter((name) => name.startsWith(`${drayageLabels.pack}.`));
  return names.map((name) => labels[name] ?? '');
}

async function isAbandoned({ labels }: Lease): Promise<boolean> {
  const [space, pid, startTime] = (labels[drayageLabels.owner] ?? '').split('/');
  // Certain, whatever the clock says.
  if (startTime !== undefined && space === (await pidSpaceName())) {
    return !(await isRunning({ pid: Number(pid), startTime: Number(startTime) }));
  }
  return Date.parse(labels[collectorLabels.expire] ?? '') < Date.now();
}

/** Identifies this process on its machine; random without /proc. */
async function ownerName(): Promise<string> {
  const identity = await identifyProcess(process.pid);
  const space = await pidSpaceName();
  if (identity === undefined || space === undefined) return randomUUID();
  return `${space}/${String(identity.pid)}/${String(identity.startTime)}`;
}

/** Identifies the pid namespace of this process; undefined without /proc. */
async function pidSpaceName(): Promise<string | undefined> {
  const space = await currentPidSpace().catch(() => undefined);
  if (space === undefined) return undefined;
  const parts = [hostname(), space.bootId, space.pidNamespace].join('\n');
  return createHash('sha256').update(parts).digest('hex').slice(0, 12);
}
