import type { CgroupFacts, MemoryFacts } from './facts.ts';
import { parseMountinfo } from '@drayage/host';

/** The version of the mounted control groups, and whether an engine can write to them. Pure. */
export function cgroupFacts(mountinfo: string): CgroupFacts {
  const mounts = parseMountinfo(mountinfo).filter(({ mountPoint }) =>
    mountPoint.startsWith('/sys/fs/cgroup'),
  );
  const classic = mounts.find(
    ({ filesystem, mountPoint }) => filesystem === 'cgroup' && mountPoint.endsWith('/memory'),
  );
  const found = classic ?? mounts.find(({ filesystem }) => filesystem === 'cgroup2');
  if (found === undefined) return { version: undefined, writable: false };
  return { version: found.filesystem === 'cgroup' ? 1 : 2, writable: !found.isReadOnly };
}

/**
 * The machine's memory, and the limit of the control group. Pure.
 * @param meminfo `/proc/meminfo`
 * @param limit `memory.max` or `memory.limit_in_bytes`
 */
export function memoryFacts(meminfo: string, limit: string): MemoryFacts {
  const field = (name: string): number =>
    Number(new RegExp(`^${name}:\\s*(\\d+) kB$`, 'm').exec(meminfo)?.[1] ?? 0) * 1024;
  const total = field('MemTotal');
  const bytes = Number.parseInt(limit, 10);
  // Without a limit, version 1 shows the largest number of pages.
  const isLimited = Number.isSafeInteger(bytes) && bytes < total;
  return { total, available: field('MemAvailable'), ...(isLimited ? { limit: bytes } : {}) };
}
