import { createHash, randomUUID } from 'node:crypto';
import { readFile, readlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { systemErrorCode, type Digest } from '@drayage/core';
import type { ContainerdClient } from '../containerd/client.ts';
import { collectorLabels, drayageLabels, hasLabel } from '../containerd/labels.ts';
import type { Lease } from '../containerd/leases.ts';

// Longer than any mount takes; the upload of a pack through the Docker API comes before it.
const lifetimeMs = 3_600_000;

/** A fresh name for a lease. */
export function leaseName(): string {
  return `drayage-${randomUUID()}`;
}

/** Takes a lease that keeps what is made, and the packs, until it is ended or an hour is over. */
export async function takeLease(
  { leases }: ContainerdClient,
  id: string,
  packs: readonly Digest[],
): Promise<void> {
  await leases.create({
    id,
    labels: {
      [collectorLabels.expire]: new Date(Date.now() + lifetimeMs).toISOString(),
      [drayageLabels.owner]: `${await thisHost()}/${String(process.pid)}`,
      ...Object.fromEntries(
        packs.map((pack, position) => [`${drayageLabels.pack}.${String(position)}`, pack]),
      ),
    },
  });
}

/** The leases of all runs that may still be going on; those of runs that are known to have died are ended, with what only they kept. */
export async function liveLeases({ leases }: ContainerdClient): Promise<readonly Lease[]> {
  const alive: Lease[] = [];
  for (const lease of await leases.list(hasLabel(drayageLabels.owner))) {
    if (await isAbandoned(lease)) await leases.delete(lease.id, { sync: true });
    else alive.push(lease);
  }
  return alive;
}

/** The packs that a run mounts, or has mounted. */
export function packsOfLease({ labels }: Lease): readonly string[] {
  const names = Object.keys(labels).filter((name) => name.startsWith(`${drayageLabels.pack}.`));
  return names.map((name) => labels[name] ?? '');
}

async function isAbandoned({ labels }: Lease): Promise<boolean> {
  const expires = Date.parse(labels[collectorLabels.expire] ?? '');
  if (expires < Date.now()) return true;
  const [host, pid] = (labels[drayageLabels.owner] ?? '').split('/');
  return host === (await thisHost()) && !isRunning(Number(pid));
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemErrorCode(error) !== 'ESRCH';
  }
}

/** Names the set of processes whose ids can be looked up here: machine, boot and pid namespace. */
async function thisHost(): Promise<string> {
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
  const pids = await readlink('/proc/self/ns/pid').catch(() => '');
  const parts = [hostname(), boot.trim(), pids].join('\n');
  return createHash('sha256').update(parts).digest('hex').slice(0, 12);
}
