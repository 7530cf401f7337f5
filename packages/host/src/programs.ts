import { access, constants } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import { DrayError } from '@drayage/core';

/** Variables by name, as a child process gets them. */
export type Environment = Readonly<Record<string, string | undefined>>;

const systemDirectories = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** Where a program that is not in the base of every system comes from. */
const packages: Readonly<Record<string, string>> = {
  dockerd: 'docker.io, docker-ce or, on Alpine, docker',
  flock: 'util-linux (or BusyBox)',
  unshare: 'util-linux (or BusyBox)',
  nsenter: 'util-linux (or BusyBox)',
  mount: 'mount (or BusyBox)',
  umount: 'mount (or BusyBox)',
  'mkfs.ext4': 'e2fsprogs',
  ip: 'iproute2 (or BusyBox)',
  iptables: 'iptables',
  'fuse-overlayfs': 'fuse-overlayfs',
};

/** The PATH of `env` with the directories of system programs behind it. */
export function searchPath(env: Environment): string {
  const given = (env['PATH'] ?? '').split(delimiter).filter((dir) => dir !== '');
  return [...new Set([...given, ...systemDirectories])].join(delimiter);
}

/** The file of a program; a path stands for itself. Undefined when there is none that can be run. */
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

/** Finds a program that nothing works without. @throws DrayError `MOUNT_UNAVAILABLE` that names it and where it comes from */
export async function requireProgram(program: string, env: Environment, what: string): Promise<string> {
  const found = await findProgram(program, env);
  if (found !== undefined) return found;
  throw new DrayError('MOUNT_UNAVAILABLE', `cannot ${what}: there is no program ${program}`, {
    hint: installHint(program),
  });
}

/** Where a missing program comes from, as one sentence. Pure. */
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
