import { resolve } from 'node:path';
import { createDirectoryTransport, parseTransportLocation, type Transport } from '@drayage/core';
import type { ExpiryReport } from '@drayage/gitlab';
import type { Host } from '../host.ts';
import type { Config } from '../options/option.ts';

/** A transport, and what some can do beside. */
export interface Handover extends Transport {
  /** Deletes what is older than it is to be kept; undefined: nothing expires there. */
  readonly expire?: ((signal?: AbortSignal) => Promise<ExpiryReport>) | undefined;
  /** Deletes what belongs to this pipeline alone; undefined: there is no telling what does. */
  readonly forgetPipeline?: ((signal?: AbortSignal) => Promise<ExpiryReport>) | undefined;
}

/** Makes a transport for the URL of its scheme. Its driver is imported only then. */
export type TransportFactory = (url: string, config: Config, host: Host) => Promise<Handover>;

/** The drivers by scheme, beside directories, which need none. */
const transportDrivers: ReadonlyMap<string, TransportFactory> = new Map([
  [
    'gitlab',
    async (url, config, host) => (await import('./gitlab.ts')).openGitlabTransport(url, config, host),
  ],
]);

/**
 * The way to the meeting place of pre-pull and deploy; undefined when the bundle on this node is that place. Nothing is connected yet.
 * @throws DrayError `TRANSPORT_UNSUPPORTED`; UsageError `USAGE`
 */
export async function openHandover(config: Config, host: Host): Promise<Handover | undefined> {
  const { handover, bundle } = config;
  if (handover === undefined) return undefined;
  const location = parseTransportLocation(handover, [...transportDrivers.keys()]);
  if (location.kind === 'url') return transportDrivers.get(location.scheme)?.(location.url, config, host);
  // Both named the same directory: nothing has to be copied.
  return resolve(location.path) === resolve(bundle) ? undefined : createDirectoryTransport(location.path);
}

/** Where pre-pull and deploy meet, and where blobs are kept on this node: one place, or two when there is a handover. */
export interface Places {
  readonly meeting: Transport;
  readonly local: Transport;
  /** How often the meeting place is looked at (ms). */
  readonly pollMs: number;
  close(): Promise<void>;
}

/** Both places of the deploy side. @throws as {@link openHandover} */
export async function openPlaces(config: Config, host: Host): Promise<Places> {
  const handover = await openHandover(config, host);
  const local = createDirectoryTransport(config.bundle);
  const meeting = handover ?? local;
  return {
    meeting,
    local,
    pollMs: handover !== undefined && isRemote(config) ? remotePollMs : pollMs,
    async close() {
      await meeting.close();
      await local.close();
    },
  };
}

/** How often a directory is looked at (ms). */
export const pollMs = 200;

/** How often a server is: it counts our requests (ms). */
const remotePollMs = 2_000;

function isRemote({ handover = '' }: Config): boolean {
  return parseTransportLocation(handover, [...transportDrivers.keys()]).kind === 'url';
}
