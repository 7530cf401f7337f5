import { expect, test } from '@jest/globals';
import type { Lease, Leases } from '../containerd/leases.ts';
import { liveLeases, takeLease } from './run-lease.ts';

/** Leases that are kept in memory, as containerd keeps them in its database. */
function memoryLeases(): Leases {
  const kept = new Map<string, Lease>();
  return {
    create: async (lease) => void kept.set(lease.id, lease),
    list: async () => [...kept.values()],
    delete: async (id) => void kept.delete(id),
  };
}

const ownerLabel = 'dev.drayage.owner';

async function ownLease(leases: Leases): Promise<Lease> {
  await takeLease({ leases }, 'own', []);
  const [own] = await leases.list();
  if (own === undefined) throw new Error('no lease was taken');
  return own;
}

test('keeps the lease of a running process, and leases of other machines', async () => {
  const leases = memoryLeases();
  const own = await ownLease(leases);
  await leases.create({ id: 'elsewhere', labels: { ...own.labels, [ownerLabel]: '0123456789ab/1/1' } });
  await leases.create({ id: 'unknown', labels: { ...own.labels, [ownerLabel]: 'something' } });
  expect((await liveLeases({ leases })).map(({ id }) => id)).toEqual(['own', 'elsewhere', 'unknown']);
});

test('the lease of a dead process is deleted, also when another one has got its number', async () => {
  const leases = memoryLeases();
  const own = await ownLease(leases);
  const [space = '', pid = '', startTime = ''] = (own.labels[ownerLabel] ?? '').split('/');
  const reused = `${space}/${pid}/${String(Number(startTime) - 1)}`;
  await leases.create({ id: 'reused', labels: { ...own.labels, [ownerLabel]: reused } });
  await leases.create({ id: 'dead', labels: { ...own.labels, [ownerLabel]: `${space}/4194304/1` } });
  expect((await liveLeases({ leases })).map(({ id }) => id)).toEqual(['own']);
  expect(await leases.list()).toEqual([own]);
});

test('an expired lease is deleted', async () => {
  const leases = memoryLeases();
  const own = await ownLease(leases);
  const expired = { ...own.labels, 'containerd.io/gc.expire': '2026-01-01T00:00:00Z' };
  await leases.create({ id: 'expired', labels: { ...expired, [ownerLabel]: 'something' } });
  expect((await liveLeases({ leases })).map(({ id }) => id)).toEqual(['own']);
});

test('the lease of a running process is kept when the clock jumps beyond its expiry', async () => {
  const leases = memoryLeases();
  const own = await ownLease(leases);
  const expired = { ...own.labels, 'containerd.io/gc.expire': '2020-01-01T00:00:00Z' };
  await leases.create({ id: 'running', labels: expired });
  expect((await liveLeases({ leases })).map(({ id }) => id)).toEqual(['own', 'running']);
});
