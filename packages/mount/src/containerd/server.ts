import type { Channel } from './channel.ts';
import { Introspection } from './generated/introspection_pb.ts';

/** Identifies a containerd. */
export interface ContainerdServer {
  /** Stable as long as containerd keeps its root directory. */
  readonly uuid: string;
  /** The pid in containerd's own pid namespace; 0 before containerd 1.7. */
  readonly pid: number;
  /** The inode of containerd's pid namespace; 0 before containerd 1.7. */
  readonly pidNamespace: number;
}

/** Reads containerd's identity. @see containerd v2.1, api/services/introspection/v1/introspection.proto */
export async function askServer(channel: Channel): Promise<ContainerdServer> {
  const { uuid, pid, pidns } = await channel.call(Introspection.method.server, {});
  return { uuid, pid: Number(pid), pidNamespace: Number(pidns) };
}
