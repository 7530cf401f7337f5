import type { Channel } from './channel.ts';
import { Kind, Snapshots as Service, type Info } from './generated/snapshots_pb.ts';
import { labelMask } from './labels.ts';
import { absentAsUndefined } from './status.ts';

/** How a snapshot is mounted. */
export interface SnapshotMount {
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
}

/** A snapshot as containerd records it. */
export interface Snapshot {
  readonly name: string;
  /** Empty for the bottom of a chain. */
  readonly parent: string;
  readonly kind: 'view' | 'active' | 'committed' | 'unknown';
  readonly labels: Readonly<Record<string, string>>;
}

/** The snapshots of one snapshotter. @see containerd v2.1, api/services/snapshots/v1/snapshots.proto */
export interface Snapshots {
  stat(name: string): Promise<Snapshot | undefined>;
  /** Lists the snapshots that match any of the filters. @see containerd v2.1, filters/filter.go */
  list(...filters: readonly string[]): Promise<readonly Snapshot[]>;
  /** Creates an active snapshot on `parent`; `''`: without a parent. */
  prepare(key: string, parent: string, labels: Snapshot['labels']): Promise<readonly SnapshotMount[]>;
  /** Commits the active snapshot `key` as `name`. containerd first measures its disk usage. */
  commit(key: string, name: string, labels: Snapshot['labels']): Promise<void>;
  /** Sets these labels and keeps all others. */
  label(name: string, labels: Snapshot['labels']): Promise<void>;
  remove(name: string): Promise<void>;
}

const { method } = Service;
const commitTimeoutMs = 300_000;
const kinds: Readonly<Record<number, Snapshot['kind']>> = {
  [Kind.UNKNOWN]: 'unknown',
  [Kind.VIEW]: 'view',
  [Kind.ACTIVE]: 'active',
  [Kind.COMMITTED]: 'committed',
};

/** The snapshots of one snapshotter, such as `overlayfs`. */
export function snapshotsOf(channel: Channel, snapshotter: string): Snapshots {
  return {
    stat: async (key) => {
      const found = await absentAsUndefined(channel.call(method.stat, { snapshotter, key }));
      return found?.info === undefined ? undefined : parseSnapshot(found.info);
    },
    list: async (...filters) => {
      const answers = await channel.list(method.list, { snapshotter, filters: [...filters] });
      return answers.flatMap(({ info }) => info.map(parseSnapshot));
    },
    prepare: async (key, parent, labels) =>
      (await channel.call(method.prepare, { snapshotter, key, parent, labels })).mounts,
    commit: async (key, name, labels) => {
      const request = { snapshotter, name, key, labels };
      await channel.call(method.commit, request, { timeoutMs: commitTimeoutMs });
    },
    label: async (name, labels) => {
      await channel.call(method.update, {
        snapshotter,
        info: { name, labels },
        updateMask: labelMask(labels),
      });
    },
    remove: async (key) => {
      await absentAsUndefined(channel.call(method.remove, { snapshotter, key }));
    },
  };
}

function parseSnapshot({ name, parent, kind, labels }: Info): Snapshot {
  // Newer versions of containerd may add kinds.
  return { name, parent, kind: kinds[kind] ?? 'unknown', labels };
}
