import type { Channel } from './channel.ts';
import { Introspection } from './generated/introspection_pb.ts';

/** Identifies a containerd. */
export interface ContainerdServer {
  /** Stays the same as long as its root directory lives. */
  readonly uuid: string;
  /** In its own pid namespace; 0 before containerd 1.7. */
  readonly pid: number;
  /** The inode of its pid namespace; 0 before containerd 1.7. */
  readonly pidNamespace: number;
}

/**
 * Asks containerd for its identity.
 * @see containerd v2.1, api/services/introspection/v1/introspection.proto
 */
export async function askServer(channel: Channel): Promise<ContainerdServer> {
  const { uuid, pid, pidns } = await channel.call(Introspection.method.server, {});
  return { uuid, pid: Number(pid), pidNamespace: Number(pidns) };
}
