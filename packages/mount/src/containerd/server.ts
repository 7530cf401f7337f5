import type { Channel } from './channel.ts';

/** Which containerd answers. */
export interface ContainerdServer {
  /** Stays the same as long as its root directory lives. */
  readonly uuid: string;
  /** In its own pid namespace; 0 where it does not tell (before containerd 1.7). */
  readonly pid: number;
  /** The inode of its pid namespace; 0 where it does not tell. */
  readonly pidNamespace: number;
}

/** Asks containerd who it is. @see containerd v2.1, api/services/introspection/v1/introspection.proto */
export async function askServer(channel: Channel): Promise<ContainerdServer> {
  const answer = await channel.call('/containerd.services.introspection.v1.Introspection/Server', []);
  return { uuid: answer.text(1), pid: answer.count(2), pidNamespace: answer.count(3) };
}
