import { resolve } from 'node:path';
import { createDirectoryTransport, parseTransportLocation } from '@drayage/core';
import type { Transport } from '@drayage/core';
import type { Config } from '../options/option.ts';

/** Makes a transport for the URL of its scheme. Its driver is imported only then. */
export type TransportFactory = (url: string) => Promise<Transport>;

/** The drivers by scheme, beside directories, which need none. */
const transportDrivers: ReadonlyMap<string, TransportFactory> = new Map();

/**
 * The way to the meeting place of pre-pull and deploy; undefined when the bundle on this node is that place. Nothing is connected yet.
 * @throws DrayError `TRANSPORT_UNSUPPORTED`; UsageError `USAGE`
 */
export async function openHandover({ handover, bundle }: Config): Promise<Transport | undefined> {
  if (handover === undefined) return undefined;
  const location = parseTransportLocation(handover, [...transportDrivers.keys()]);
  if (location.kind === 'url') return transportDrivers.get(location.scheme)?.(location.url);
  // Both named the same directory: nothing has to be copied.
  return resolve(location.path) === resolve(bundle) ? undefined : createDirectoryTransport(location.path);
}

/** Where pre-pull and deploy meet, and where blobs are kept on this node: one place, or two when there is a handover. */
export interface Places {
  readonly meeting: Transport;
  readonly local: Transport;
  close(): Promise<void>;
}

/** Both places of the deploy side. @throws as {@link openHandover} */
export async function openPlaces(config: Config): Promise<Places> {
  const handover = await openHandover(config);
  const local = createDirectoryTransport(config.bundle);
  const meeting = handover ?? local;
  return {
    meeting,
    local,
    async close() {
      await meeting.close();
      await local.close();
    },
  };
}

/** How often the meeting place is looked at (ms). */
export const pollMs = 200;
