import type { Channel } from './channel.ts';
import { labelUpdate } from './label-update.ts';
import { absentAsUndefined } from './status.ts';
import type { WireMessage } from './wire.ts';

/** What containerd mounts to get at a snapshot. */
export interface SnapshotMount {
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
}

/** A snapshot as containerd's database has it. */
export interface Snapshot {
  readonly name: string;
  /** Empty at the bottom of a chain. */
  readonly parent: string;
  readonly kind: 'view' | 'active' | 'committed' | 'unknown';
  readonly labels: Readonly<Record<string, string>>;
}

/** The snapshots of one snapshotter. @see containerd v2.1, api/services/snapshots/v1/snapshots.proto */
export interface Snapshots {
  stat(name: string): Promise<Snapshot | undefined>;
  /** Those that any of the filters lets pass. @see containerd v2.1, filters/filter.go */
  list(...filters: readonly string[]): Promise<readonly Snapshot[]>;
  /** Makes an active snapshot on `parent` (`''`: on nothing) and tells how it is mounted. */
  prepare(key: string, parent: string, labels: Snapshot['labels']): Promise<readonly SnapshotMount[]>;
  /** Makes the active snapshot `key` the committed one `name`. containerd measures its disk usage first. */
  commit(key: string, name: string, labels: Snapshot['labels']): Promise<void>;
  /** Sets these labels, and leaves the others. */
  label(name: string, labels: Snapshot['labels']): Promise<void>;
  remove(name: string): Promise<void>;
  /** Deletes what removed snapshots have left on disk. */
  cleanUp(): Promise<void>;
}

const service = '/containerd.services.snapshots.v1.Snapshots';
const commitTimeoutMs = 300_000;
const kinds = ['unknown', 'view', 'active', 'committed'] as const;

/** The snapshots of a snapshotter such as `overlayfs`. */
export function snapshotsOf(channel: Channel, snapshotter: string): Snapshots {
  return {
    stat: async (name) => {
      const found = await absentAsUndefined(
        channel.call(`${service}/Stat`, [
          [1, snapshotter],
          [2, name],
        ]),
      );
      return parseSnapshot(found?.message(1));
    },
    list: async (...filters) => {
      const answers = await channel.list(`${service}/List`, [
        [1, snapshotter],
        [2, filters],
      ]);
      return answers.flatMap((answer) => answer.messages(1)).flatMap((info) => parseSnapshot(info) ?? []);
    },
    prepare: async (key, parent, labels) => {
      const request = [
        [1, snapshotter],
        [2, key],
        [3, parent],
        [4, labels],
      ] as const;
      const answer = await channel.call(`${service}/Prepare`, request);
      return answer.messages(1).map(parseMount);
    },
    commit: async (key, name, labels) => {
      const request = [
        [1, snapshotter],
        [2, name],
        [3, key],
        [4, labels],
      ] as const;
      await channel.call(`${service}/Commit`, request, { timeoutMs: commitTimeoutMs });
    },
    label: async (name, labels) => {
      const { info, mask } = labelUpdate(name, 6, labels);
      await channel.call(`${service}/Update`, [
        [1, snapshotter],
        [2, info],
        [3, mask],
      ]);
    },
    remove: async (name) => {
      await absentAsUndefined(
        channel.call(`${service}/Remove`, [
          [1, snapshotter],
          [2, name],
        ]),
      );
    },
    cleanUp: async () => {
      await channel.call(`${service}/Cleanup`, [[1, snapshotter]]);
    },
  };
}

function parseSnapshot(info: WireMessage | undefined): Snapshot | undefined {
  if (info === undefined) return undefined;
  const kind = kinds[info.count(3)] ?? 'unknown';
  return { name: info.text(1), parent: info.text(2), kind, labels: info.textMap(6) };
}

function parseMount(mount: WireMessage): SnapshotMount {
  return { type: mount.text(1), source: mount.text(2), options: mount.texts(4) };
}
