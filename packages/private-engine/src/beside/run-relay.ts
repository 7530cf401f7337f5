import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { reasonOf, type HelperContainers } from '@drayage/core';
import { identifyProcess } from '@drayage/host';
import { createRemoteEngineHost, type RemoteEngineHost } from '@drayage/mount';
import { engineVersion } from '../engine/await-engine.ts';
import { ConnectionPool } from './connection-pool.ts';
import { startFarEngine, type FarEngine } from './far-engine.ts';
import { relayPlaces, writeRelayRecord, type RelayPlaces } from './relay-record.ts';
import { createRelayServer } from './relay-server.ts';
import {
  failedStart,
  isBesideRequest,
  type BesideEngine,
  type BesideRequest,
  type RelayMessage,
} from './request.ts';

/** The process that started this one. */
export interface Starter {
  send(message: RelayMessage): void;
  /** Resolves with the request; undefined if the starter ended before it sent one. */
  readonly request: Promise<unknown>;
  /** Aborts when the starter ends before the engine is ready, and when this process gets a signal. */
  readonly signal: AbortSignal;
  /** Writes a line to the relay's log. */
  log(line: string): void;
  /** Lets the starter go on without this process. */
  release(): void;
}

// To open a connection takes the engine's side a few hundred milliseconds, and a client uses two or three.
const readyConnections = 3;
const openedAtATime = 3;

const lookEveryMs = 50;

/**
 * The whole life of a relay process: starts an engine beside the one at the request's location, relays to it
 * from a local socket, and at a signal ends it. When the connection to the engine's side is lost, the engine
 * there removes itself, and this process ends.
 */
export async function runRelay(
  starter: Starter,
  openHelpers: () => Promise<HelperContainers>,
): Promise<void> {
  const request = await starter.request;
  if (!isBesideRequest(request)) return;
  const places = { ...relayPlaces(request.location) };
  try {
    const helpers = await openHelpers();
    const { location } = request;
    const engineHost = await createRemoteEngineHost({ helpers, location, signal: starter.signal });
    try {
      await serve(starter, engineHost, request, places);
    } finally {
      await engineHost.close().catch(() => undefined);
    }
  } catch (error) {
    starter.log(error instanceof Error ? (error.stack ?? error.message) : String(error));
    starter.send({ type: 'failed', error: failedStart(error) });
  } finally {
    await rm(places.folder, { recursive: true, force: true });
    starter.release();
  }
}

async function serve(
  starter: Starter,
  engineHost: RemoteEngineHost,
  request: BesideRequest,
  places: RelayPlaces,
): Promise<void> {
  const { signal } = starter;
  const far = await startFarEngine({
    ...{ engineHost, request, signal },
    onEvent: (event) => starter.send({ type: 'event', event }),
  });
  const connect = await engineHost.findRelay(far.environment);
  const pool = new ConnectionPool({
    open: () => connect(far.places.socket),
    ready: readyConnections,
    atATime: openedAtATime,
  });
  const server = createRelayServer(pool);
  try {
    await Promise.all([far.mountPacks(), listen(server, places.socket)]);
    const version = await answer(far, pool, places.socket, request.timeoutMs, signal);
    await far.restoreRules();
    const engine = describe(request, far, places, version);
    const self = await identifyProcess(process.pid);
    if (self !== undefined)
      await writeRelayRecord(places, { ...self, since: new Date().toISOString(), engine });
    starter.send({ type: 'ready', engine });
    starter.release();
    await Promise.race([engineHost.ended, aborted(signal)]);
  } finally {
    server.close();
    server.closeAllConnections();
    pool.close();
    await far.stop().catch((error: unknown) => starter.log(reasonOf(error)));
  }
}

/** Waits until the engine answers through the relay. @throws EngineError `ENGINE_START_FAILED` */
async function answer(
  far: FarEngine,
  pool: ConnectionPool,
  socket: string,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<string> {
  const deadline = performance.now() + timeoutMs;
  while (!signal.aborted) {
    const version = await engineVersion(socket);
    if (version !== undefined) {
      pool.fill();
      return version;
    }
    if (!(await far.isRunning())) throw await far.startFailed('dockerd exited');
    if (performance.now() > deadline) throw await far.startFailed(`no answer within ${String(timeoutMs)} ms`);
    await pause(lookEveryMs);
  }
  throw await far.startFailed('it was stopped');
}

function describe(
  { location, packs }: BesideRequest,
  { pid, places, bridge }: FarEngine,
  { socket }: RelayPlaces,
  version: string,
): BesideEngine {
  return {
    dockerHost: `unix://${socket}`,
    ...{ location, pid, version, bridge, dataRoot: places.dataRoot },
    packs: packs.map(({ pack }) => pack.image.digest),
  };
}

async function listen(server: Server, socket: string): Promise<void> {
  server.listen(socket);
  await once(server, 'listening');
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
}
