import type { CapabilityFacts } from './facts.ts';

// In the bit order of linux/capability.h.
const names = [
  ...['CHOWN', 'DAC_OVERRIDE', 'DAC_READ_SEARCH', 'FOWNER', 'FSETID', 'KILL', 'SETGID', 'SETUID', 'SETPCAP'],
  ...[
    'LINUX_IMMUTABLE',
    'NET_BIND_SERVICE',
    'NET_BROADCAST',
    'NET_ADMIN',
    'NET_RAW',
    'IPC_LOCK',
    'IPC_OWNER',
  ],
  ...[
    'SYS_MODULE',
    'SYS_RAWIO',
    'SYS_CHROOT',
    'SYS_PTRACE',
    'SYS_PACCT',
    'SYS_ADMIN',
    'SYS_BOOT',
    'SYS_NICE',
  ],
  ...[
    'SYS_RESOURCE',
    'SYS_TIME',
    'SYS_TTY_CONFIG',
    'MKNOD',
    'LEASE',
    'AUDIT_WRITE',
    'AUDIT_CONTROL',
    'SETFCAP',
  ],
  ...['MAC_OVERRIDE', 'MAC_ADMIN', 'SYSLOG', 'WAKE_ALARM', 'BLOCK_SUSPEND', 'AUDIT_READ', 'PERFMON', 'BPF'],
  'CHECKPOINT_RESTORE',
].map((name) => `CAP_${name}`);

/**
 * The capabilities of a process, by name. Pure.
 * @param status `/proc/PID/status`
 * @param last `/proc/sys/kernel/cap_last_cap`
 * @see capabilities(7)
 */
export function parseCapabilities(status: string, last: string): CapabilityFacts {
  const highest = /^\d+/.test(last) ? Number.parseInt(last, 10) : names.length - 1;
  const known = Array.from({ length: highest + 1 }, (_, bit) => names[bit] ?? `CAP_${bit}`);
  const [effective, bounding] = [maskOf(status, 'CapEff'), maskOf(status, 'CapBnd')];
  const inMask = (mask: bigint) => (_: string, bit: number) => ((mask >> BigInt(bit)) & 1n) === 1n;
  const lacking = (mask: bigint): readonly string[] => known.filter((name, bit) => !inMask(mask)(name, bit));
  return {
    effective: known.filter(inMask(effective)),
    missing: lacking(effective),
    unreachable: lacking(bounding),
  };
}

function maskOf(status: string, field: string): bigint {
  const hex = new RegExp(`^${field}:\\s*([0-9a-f]+)$`, 'm').exec(status)?.[1];
  return hex === undefined ? 0n : BigInt(`0x${hex}`);
}
