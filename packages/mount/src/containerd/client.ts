import { openChannel } from './channel.ts';
import { contentOf, type Content } from './content.ts';
import { openDial, type Dialled } from './dial.ts';
import { imagesOf, type Images } from './images.ts';
import { leasesOf, type Leases } from './leases.ts';
import { askServer, type ContainerdServer } from './server.ts';
import { snapshotsOf, type Snapshots } from './snapshots.ts';

/**
 * The services of one containerd, in one namespace. A failed call throws `CONTAINERD_API` with
 * `details.status`.
 */
export interface ContainerdClient {
  readonly snapshots: Snapshots;
  readonly content: Content;
  readonly images: Images;
  readonly leases: Leases;
  server(): Promise<ContainerdServer>;
  close(): Promise<void>;
}

export interface ContainerdClientOptions {
  readonly dialled: Dialled;
  /** Docker's engines use `moby`. */
  readonly namespace: string;
  readonly snapshotter: string;
  /** ID of the lease that keeps all new content. */
  readonly lease?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Creates a client, which connects on the first call. */
export async function createContainerdClient(options: ContainerdClientOptions): Promise<ContainerdClient> {
  const { dialled, namespace, snapshotter, lease, signal } = options;
  const dial = await openDial(dialled);
  const channel = await openChannel({
    socketPath: dial.socketPath,
    headers: {
      'containerd-namespace': namespace,
      ...(lease === undefined ? {} : { 'containerd-lease': lease }),
    },
    signal,
  });
  return {
    snapshots: snapshotsOf(channel, snapshotter),
    content: contentOf(channel),
    images: imagesOf(channel),
    leases: leasesOf(channel),
    server: () => askServer(channel),
    close: async () => {
      channel.close();
      await dial.close();
    },
  };
}
