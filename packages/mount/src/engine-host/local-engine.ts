import { readlink, stat } from 'node:fs/promises';
import type { EngineInfo } from '@drayage/core';
import { openChannel } from '../containerd/channel.ts';
import { askServer, type ContainerdServer } from '../containerd/server.ts';
import { mountUnavailable } from './unavailable.ts';
import { listenerPid } from './unix-listeners.ts';

/** An engine on this machine, with the containerd that is proven to belong to it. */
export interface LocalEngine {
  readonly containerdSocket: string;
  /** A path of the same socket for this process. */
  readonly localSocket: string;
  /**
   * A process in the mount namespace of engine and containerd; undefined: it is also the namespace of this
   * process.
   */
  readonly enter: number | undefined;
}

// Where dockerd looks for the system's containerd, and where a containerd that dockerd starts listens by
// default.
const usualAddresses = ['/run/containerd/containerd.sock', '/run/docker/containerd/containerd.sock'];

/**
 * Finds the engine's process by its socket, then its containerd. Resolves paths in the engine's mount
 * namespace, because in ours another containerd may have the same path.
 * @throws DrayError `MOUNT_UNAVAILABLE`, with what could not be proven
 */
export async function findLocalEngine(info: EngineInfo, address: string | undefined): Promise<LocalEngine> {
  const { location } = info;
  const socket = /^unix:\/\/(\/.*)$/.exec(location)?.[1];
  if (socket === undefined) throw mountUnavailable(location, 'it does not listen on a unix socket');
  const pid = await listenerPid(socket);
  if (pid === undefined) throw mountUnavailable(location, 'this process cannot see its process');
  const foreign = !(await sameNamespace(pid, 'self', 'mnt'));
  const root = foreign ? `/proc/${String(pid)}/root` : '';
  const candidates = [address ?? info.containerd?.address ?? usualAddresses].flat();
  const containerdSocket = await firstSocket(candidates, root);
  if (containerdSocket === undefined) {
    throw mountUnavailable(location, `no containerd socket found at ${candidates.join(' or ')}`, {
      hint: 'Use --delivery load.',
    });
  }
  const localSocket = `${root}${containerdSocket}`;
  await proveNamespace(location, pid, await serverAt(localSocket));
  return { containerdSocket, localSocket, enter: foreign ? pid : undefined };
}

/** Both must see our mounts: containerd measures snapshots, and dockerd mounts containers on them. */
async function proveNamespace(location: string, engine: number, server: ContainerdServer): Promise<void> {
  if (server.pid === 0) return;
  const ours = await namespaceOf('self', 'pid');
  const shown = ours?.includes(String(server.pidNamespace)) === true;
  if (shown && (await sameNamespace(server.pid, engine, 'mnt'))) return;
  throw mountUnavailable(location, 'its containerd runs in another container, or another mount namespace');
}

async function serverAt(socketPath: string): Promise<ContainerdServer> {
  const channel = await openChannel({ socketPath, headers: {} });
  try {
    return await askServer(channel);
  } finally {
    channel.close();
  }
}

async function firstSocket(paths: readonly string[], root: string): Promise<string | undefined> {
  for (const path of paths) {
    const found = await stat(`${root}${path}`).catch(() => undefined);
    if (found?.isSocket() === true) return path;
  }
  return undefined;
}

type Process = number | 'self';

async function sameNamespace(one: Process, other: Process, kind: 'mnt' | 'pid'): Promise<boolean> {
  const [first, second] = [await namespaceOf(one, kind), await namespaceOf(other, kind)];
  return first !== undefined && first === second;
}

/**
 * A namespace such as `mnt:[4026531841]`; undefined if this process has no access, or the process is gone.
 */
function namespaceOf(process: Process, kind: 'mnt' | 'pid'): Promise<string | undefined> {
  return readlink(`/proc/${String(process)}/ns/${kind}`).catch(() => undefined);
}
