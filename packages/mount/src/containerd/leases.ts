import type { Channel } from './channel.ts';
import { Leases as Service } from './generated/leases_pb.ts';
import { absentAsUndefined } from './status.ts';

/** Protects new content from garbage collection. */
export interface Lease {
  readonly id: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** containerd's leases. @see containerd v2.1, api/services/leases/v1/leases.proto */
export interface Leases {
  create(lease: Lease): Promise<void>;
  list(...filters: readonly string[]): Promise<readonly Lease[]>;
  /**
   * Deletes a lease if it exists. With `sync`, waits until the content that only it protected is collected.
   */
  delete(id: string, options?: { readonly sync?: boolean | undefined }): Promise<void>;
}

const { method } = Service;

export function leasesOf(channel: Channel): Leases {
  return {
    create: async ({ id, labels }) => {
      await channel.call(method.create, { id, labels });
    },
    list: async (...filters) => (await channel.call(method.list, { filters: [...filters] })).leases,
    delete: async (id, { sync = false } = {}) => {
      await absentAsUndefined(channel.call(method.delete, { id, sync }));
    },
  };
}
