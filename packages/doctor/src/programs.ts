import { findProgram, installHint, type Environment } from '@drayage/host';
import type { ProgramFacts } from './facts.ts';
import { runWithin } from './run-within.ts';

interface Look {
  readonly name: string;
  /** What makes it tell its version; undefined: it is not asked. */
  readonly ask?: readonly string[] | undefined;
}

const version = ['--version'] as const;

/** In the order in which they are shown. */
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

/** Looks for the programs that packs and private engines need, and asks them for their versions. */
export function probePrograms(env: Environment, dockerd = 'dockerd'): Promise<readonly ProgramFacts[]> {
  const all = looks.map((look) => probeProgram(look, look.name === 'dockerd' ? dockerd : look.name, env));
  return Promise.all(all);
}

async function probeProgram({ name, ask }: Look, program: string, env: Environment): Promise<ProgramFacts> {
  const path = await findProgram(program, env);
  if (path === undefined) return { name, hint: hintFor(name) };
  if (ask === undefined) return { name, path };
  const told = versionIn((await runWithin([path, ...ask], env)).output);
  return { name, path, version: told };
}

/** The first thing in a text that looks like a version. Pure. */
export function versionIn(text: string): string | undefined {
  const found = /\bv?(\d+\.\d+(?:[.\d]*\d)?)/.exec(text)?.[1];
  // iproute2 counted by dates, with which a snapshot begins.
  return found ?? /iproute2-(\S+)/.exec(text)?.[1];
}

const packages: Readonly<Record<string, string>> = {
  mksquashfs: 'squashfs-tools',
  unsquashfs: 'squashfs-tools',
  'mkfs.erofs': 'erofs-utils',
  containerd: 'containerd or containerd.io',
  docker: 'docker-cli or docker-ce-cli',
  losetup: 'mount (or BusyBox)',
  newuidmap: 'uidmap (shadow-uidmap on Alpine)',
};

function hintFor(name: string): string {
  const from = packages[name];
  return from === undefined ? installHint(name) : `Install ${name}, from package ${from}.`;
}
