import { readFile } from 'node:fs/promises';
import type { MountRights } from '@drayage/core/bundle';
import { rightsObstacle } from '@drayage/core/plan';

// linux/capability.h
const sysAdmin = 21n;

/** Reads what this process may do. Without /proc nothing is known to be missing. */
export async function mountRights(): Promise<MountRights> {
  const [status, uidMap] = await Promise.all(
    ['/proc/self/status', '/proc/self/uid_map'].map((file) => readFile(file, 'utf8').catch(() => undefined)),
  );
  return {
    isRoot: process.getuid?.() === 0,
    hasSysAdmin: status === undefined || hasSysAdmin(status),
    inUserNamespace: uidMap !== undefined && isMapped(uidMap),
  };
}

/** Why this process cannot mount, or undefined if it can. */
export async function whyNoMounts(): Promise<string | undefined> {
  return rightsObstacle({ ...(await mountRights()), inUserNamespace: false })?.reason;
}

/** Whether a `/proc/PID/uid_map` belongs to another user namespace than the first one. */
export function isMapped(uidMap: string): boolean {
  return uidMap !== '' && !/^\s*0\s+0\s+4294967295\s*$/.test(uidMap);
}

/** Whether a `/proc/PID/status` lists CAP_SYS_ADMIN as effective. */
export function hasSysAdmin(status: string): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1];
  return effective !== undefined && ((BigInt(`0x${effective}`) >> sysAdmin) & 1n) === 1n;
}
