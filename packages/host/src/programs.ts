import { access, constants } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import { DrayError } from '@drayage/core';

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

const systemDirectories = [
  ...['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'],
  // NixOS
  '/run/current-system/sw/bin',
];

/** Distribution packages of programs that may be missing. */
const packages: Readonly<Record<string, string>> = {
  mksquashfs: 'squashfs-tools',
  unsquashfs: 'squashfs-tools',
  'mkfs.erofs': 'erofs-utils',
  dockerd: 'docker.io, docker-ce or, on Alpine, docker',
  containerd: 'containerd or containerd.io',
  docker: 'docker-cli or docker-ce-cli',
  flock: 'util-linux (or BusyBox)',
  unshare: 'util-linux (or BusyBox)',
  nsenter: 'util-linux (or BusyBox)',
  mount: 'mount (or BusyBox)',
  umount: 'mount (or BusyBox)',
  losetup: 'mount (or BusyBox)',
  'mkfs.ext4': 'e2fsprogs',
  ip: 'iproute2 (or BusyBox)',
  iptables: 'iptables',
  'fuse-overlayfs': 'fuse-overlayfs',
  newuidmap: 'uidmap (shadow-uidmap on Alpine)',
};

/** The PATH of `env`, followed by the system's program directories. */
export function searchPath(env: Environment): string {
  const given = (env['PATH'] ?? '').split(delimiter).filter((dir) => dir !== '');
  return [...new Set([...given, ...systemDirectories])].join(delimiter);
}

/** `env` for a system program: with {@link searchPath} as PATH, and messages in English. */
export function systemEnvironment(env: Environment): Environment {
  return { ...env, PATH: searchPath(env), LC_ALL: 'C' };
}

/** The path of an executable, given by name or path; undefined if it is not found. */
export async function findProgram(program: string, env: Environment): Promise<string | undefined> {
  const candidates =
    isAbsolute(program) || program.includes('/')
      ? [program]
      : searchPath(env)
          .split(delimiter)
          .map((dir) => join(dir, program));
  for (const candidate of candidates) if (await isExecutable(candidate)) return candidate;
  return undefined;
}

/** Finds a program. @throws DrayError `MOUNT_UNAVAILABLE` if it is missing; the hint names the package */
export async function requireProgram(program: string, env: Environment, what: string): Promise<string> {
  const found = await findProgram(program, env);
  if (found !== undefined) return found;
  throw new DrayError('MOUNT_UNAVAILABLE', `cannot ${what}: program ${program} not found`, {
    hint: installHint(program),
  });
}

/** One sentence that says how to install a program. Pure. */
export function installHint(program: string): string {
  const from = packages[program];
  return from === undefined ? `Install ${program}.` : `Install ${program}, from package ${from}.`;
}

async function isExecutable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
