import { resolve } from 'node:path';
import { createDirectoryTransport } from '@drayage/core/bundle';
import { parseTransportLocation } from '@drayage/core/handover';
import type { Transport } from '@drayage/core';
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
 * The way to the handover location of pre-pull and deploy; undefined when the bundle on this node is that place. Nothing is connected yet.
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
export interface HandoverLocations {
  readonly handover: Transport;
  readonly local: Transport;
  /** How often the handover location is looked at (ms). */
  readonly pollMs: number;
  close(): Promise<void>;
}

/** Both places of the deploy side. @throws as {@link openHandover} */
export async function openHandoverLocations(config: Config, host: Host): Promise<HandoverLocations> {
  const local = createDirectoryTransport(config.bundle);
  const elsewhere = await openHandover(config, host);
  const handover = elsewhere ?? local;
  return {
    handover,
    local,
    pollMs: elsewhere !== undefined && isRemote(config) ? remotePollMs : pollMs,
    async close() {
      await handover.close();
      await local.close();
    },
  };
}

/** How often a directory is looked at (ms). */
const pollMs = 200;

/** How often a server is: it counts our requests (ms). */
const remotePollMs = 2_000;

function isRemote({ handover = '' }: Config): boolean {
  return parseTransportLocation(handover, [...transportDrivers.keys()]).kind === 'url';
}
