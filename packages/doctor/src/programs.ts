import { findProgram, installHint, type Environment } from '@drayage/host';
import type { ProgramFacts } from './facts.ts';
import { probe } from './within.ts';

interface Look {
  readonly name: string;
  /** Arguments to print the version; undefined if the program has no version. */
  readonly ask?: readonly string[] | undefined;
}

const version = ['--version'] as const;

/** In display order. */
const looks: readonly Look[] = [
  { name: 'mksquashfs', ask: ['-version'] },
  { name: 'unsquashfs', ask: ['-version'] },
  { name: 'mkfs.erofs', ask: version },
  { name: 'squashfuse' },
  { name: 'fuse-overlayfs', ask: version },
  { name: 'dockerd', ask: version },
  { name: 'containerd', ask: version },
  { name: 'docker', ask: version },
  { name: 'mount', ask: version },
  { name: 'losetup', ask: version },
  { name: 'flock', ask: version },
  { name: 'unshare', ask: version },
  { name: 'nsenter', ask: version },
  { name: 'mkfs.ext4', ask: ['-V'] },
  { name: 'ip', ask: ['-V'] },
  { name: 'iptables', ask: version },
  { name: 'rootlesskit', ask: version },
  { name: 'newuidmap' },
];

/** Finds the programs that packs and private engines need, with their versions. */
export function probePrograms(env: Environment, dockerd = 'dockerd'): Promise<readonly ProgramFacts[]> {
  const all = looks.map((look) => probeProgram(look, look.name === 'dockerd' ? dockerd : look.name, env));
  return Promise.all(all);
}

async function probeProgram({ name, ask }: Look, program: string, env: Environment): Promise<ProgramFacts> {
  const path = await findProgram(program, env);
  if (path === undefined) return { name, hint: installHint(name) };
  if (ask === undefined) return { name, path };
  const { stdout, stderr } = await probe([path, ...ask], env);
  return { name, path, version: versionIn(`${stdout}${stderr}`) };
}

/** The first version number in a text. Pure. */
export function versionIn(text: string): string | undefined {
  const found = /\bv?(\d+\.\d+(?:[.\d]*\d)?)/.exec(text)?.[1];
  // Older iproute2 prints the date of a snapshot instead.
  return found ?? /iproute2-(\S+)/.exec(text)?.[1];
}
