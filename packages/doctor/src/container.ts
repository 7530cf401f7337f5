import type { ContainerFacts } from './facts.ts';
import { parseMountinfo, type MountEntry } from '@drayage/host';

/** Files and variables that can reveal a container. */
export interface ContainerTraces {
  /** `/proc/self/mountinfo` */
  readonly mountinfo: string;
  /** `/proc/1/cgroup` */
  readonly cgroup: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Which of `/.dockerenv` and `/run/.containerenv` exist. */
  readonly markers: readonly string[];
}

// Sources of root file systems that engines mount for containers.
const layeredFilesystems = ['overlay', 'fuse.fuse-overlayfs', 'aufs', 'btrfs', 'zfs'];

/**
 * Recognises a container from its traces; undefined outside of containers. A marker file alone is no proof,
 * because file systems of images are sometimes copied to machines. Pure.
 */
export function recogniseContainer(traces: ContainerTraces): ContainerFacts | undefined {
  const mounts = parseMountinfo(traces.mountinfo);
  const id = containerId(mounts, traces.cgroup);
  const found = (kind: ContainerFacts['kind'], sign: string): ContainerFacts => ({
    kind,
    sign,
    id,
  });
  if (mounts.some(({ source }) => source === 'sysboxfs')) return found('sysbox', 'mounts of sysboxfs');
  const ofPod = mounts.find(({ root }) => root.includes('/kubelet/pods/'));
  if (ofPod !== undefined) return found('kubernetes', `the mount ${ofPod.mountPoint}`);
  if (/kubepods/.test(traces.cgroup)) return found('kubernetes', '/proc/1/cgroup');
  if (traces.markers.includes('/run/.containerenv')) return found('podman', '/run/.containerenv');
  const ofDocker = mounts.find(({ root }) => dockerFolder.test(root));
  if (ofDocker !== undefined) return found('docker', `the mount ${ofDocker.mountPoint}`);
  if (/docker/.test(traces.cgroup)) return found('docker', '/proc/1/cgroup');
  if (/lxc/.test(traces.cgroup) || traces.env['container'] === 'lxc') return found('lxc', 'lxc');
  const root = mounts.findLast(({ mountPoint }) => mountPoint === '/')?.filesystem ?? '';
  if (!layeredFilesystems.includes(root)) return undefined;
  if (traces.markers.includes('/.dockerenv')) return found('docker', `/.dockerenv, on ${root}`);
  return root === 'overlay' ? found('unknown', 'its root is an overlay') : undefined;
}

const dockerFolder = /\/containers\/([0-9a-f]{64})\/(hostname|hosts|resolv\.conf)$/;

function containerId(mounts: readonly MountEntry[], cgroup: string): string | undefined {
  for (const { root } of mounts) {
    const id = dockerFolder.exec(root)?.[1] ?? /\/overlay-containers\/([0-9a-f]{64})\//.exec(root)?.[1];
    if (id !== undefined) return id;
  }
  return /(?:docker|libpod|containerd)[-/]([0-9a-f]{64})/.exec(cgroup)?.[1];
}
