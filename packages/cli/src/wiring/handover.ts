import { resolve } from 'node:path';
import { createDirectoryTransport } from '@drayage/core/bundle';
import { parseTransportLocation } from '@drayage/core/handover';
import type { ExpiryReport, PlaceContents, Reference, Transport } from '@drayage/core';
import type { Host } from '../host.ts';
import type { Config } from '../options/option.ts';

/** An image whose blobs are at the handover location. */
export interface PublishableImage {
  readonly reference: Reference;
  readonly mediaType: string;
  /** Of its manifest. */
  readonly bytes: Uint8Array;
}

/** A transport, and optional operations. */
export interface Handover extends Transport {
  /** Deletes what has expired, or is older than `maxAgeMs`; undefined: nothing expires there. */
  readonly expire?: ((signal?: AbortSignal, maxAgeMs?: number) => Promise<ExpiryReport>) | undefined;
  /** What is there; undefined: the location has one bundle. */
  readonly contents?: ((signal?: AbortSignal) => Promise<PlaceContents>) | undefined;
  /**
   * Makes an image that is there available to engines, under the returned name; undefined: no engine can use
   * it.
   */
  readonly publishImage?: ((image: PublishableImage, signal?: AbortSignal) => Promise<string>) | undefined;
  /** Deletes the files of this pipeline only; undefined: they cannot be identified. */
  readonly forgetPipeline?: ((signal?: AbortSignal) => Promise<ExpiryReport>) | undefined;
}

/** Creates a transport for a URL; imports its driver only then. */
export type TransportFactory = (url: string, config: Config, host: Host) => Promise<Handover>;

const openWebServer: TransportFactory = async (url, config, host) =>
  (await import('./http-place.ts')).openHttpTransport(url, config, host);

/** Drivers by URL scheme; directories need none. */
const transportDrivers: ReadonlyMap<string, TransportFactory> = new Map<string, TransportFactory>([
  [
    'gitlab',
    async (url, config, host) => (await import('./gitlab.ts')).openGitlabTransport(url, config, host),
  ],
  ['oci', async (url, config, host) => (await import('./oci.ts')).openOciTransport(url, config, host)],
  ['https', openWebServer],
  ['http', openWebServer],
  ['s3', async (url, config, host) => (await import('./s3.ts')).openS3Transport(url, config, host)],
]);

/**
 * The transport to the handover location; undefined if it is the bundle directory itself. Does not connect
 * yet.
 * @throws DrayError `TRANSPORT_UNSUPPORTED`; UsageError `USAGE`
 */
export async function openHandover(config: Config, host: Host): Promise<Handover | undefined> {
  const { handover, bundle } = config;
  if (handover === undefined) return undefined;
  const location = parseTransportLocation(handover, [...transportDrivers.keys()]);
  if (location.kind === 'url') return transportDrivers.get(location.scheme)?.(location.url, config, host);
  // Bundle and handover location are the same directory: nothing to copy.
  return resolve(location.path) === resolve(bundle) ? undefined : createDirectoryTransport(location.path);
}

/** The handover location, and the bundle on this node; they are the same unless `--handover` is set. */
export interface HandoverLocations {
  readonly handover: Transport;
  readonly local: Transport;
  /** Poll interval of the handover location (ms). */
  readonly pollMs: number;
  close(): Promise<void>;
}

/** Opens both for the deploy job. @throws as {@link openHandover} */
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

/** Poll interval for a directory (ms). */
const pollMs = 200;

/** Poll interval for a server (ms): servers limit request rates. */
const remotePollMs = 2_000;

function isRemote({ handover = '' }: Config): boolean {
  return parseTransportLocation(handover, [...transportDrivers.keys()]).kind === 'url';
}
