import type { Channel } from './channel.ts';
import { absentAsUndefined } from './status.ts';

/** What keeps new content from being collected. */
export interface Lease {
  readonly id: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** containerd's leases. @see containerd v2.1, api/services/leases/v1/leases.proto */
export interface Leases {
  create(lease: Lease): Promise<void>;
  list(...filters: readonly string[]): Promise<readonly Lease[]>;
  /** Ends a lease; with `sync` returns when what only it kept is gone. One that is not there is fine. */
  delete(id: string, options?: { readonly sync?: boolean | undefined }): Promise<void>;
}

const service = '/containerd.services.leases.v1.Leases';

/** The leases of containerd behind `channel`. */
export function leasesOf(channel: Channel): Leases {
  return {
    create: async ({ id, labels }) => {
      await channel.call(`${service}/Create`, [
        [1, id],
        [3, labels],
      ]);
    },
    list: async (...filters) => {
      const answer = await channel.call(`${service}/List`, [[1, filters]]);
      return answer.messages(1).map((lease) => ({ id: lease.text(1), labels: lease.textMap(3) }));
    },
    delete: async (id, { sync = false } = {}) => {
      await absentAsUndefined(
        channel.call(`${service}/Delete`, [
          [1, id],
          [2, sync ? 1 : 0],
        ]),
      );
    },
  };
}
