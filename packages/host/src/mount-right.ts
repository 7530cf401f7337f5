import { readFile } from 'node:fs/promises';

// linux/capability.h
const sysAdmin = 21n;

/** Why this process cannot mount, or undefined if it can. */
export async function whyNoMounts(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'mounting needs root';
  const status = await readFile('/proc/self/status', 'utf8');
  return hasSysAdmin(status) ? undefined : 'mounting needs CAP_SYS_ADMIN, which this process lacks';
}

/** Whether a `/proc/PID/status` lists CAP_SYS_ADMIN as effective. */
export function hasSysAdmin(status: string): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1];
  return effective !== undefined && ((BigInt(`0x${effective}`) >> sysAdmin) & 1n) === 1n;
}
