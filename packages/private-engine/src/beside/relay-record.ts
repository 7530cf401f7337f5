import { lstat, mkdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DrayError, isObject, systemErrorCode } from '@drayage/core';
import { identifyProcess, isRunning, writeFileAtOnce, type ProcessIdentity } from '@drayage/host';
import { engineId } from '../lock/engine-paths.ts';
import type { BesideEngine } from './request.ts';

/** What a relay process has recorded of itself. */
export interface RelayRecord extends ProcessIdentity {
  /** Start time (ISO 8601). */
  readonly since: string;
  readonly engine: BesideEngine;
}

/** The places of a relay on this machine. */
export interface RelayPlaces {
  readonly folder: string;
  readonly socket: string;
  readonly record: string;
  readonly log: string;
  readonly layout: string;
  /** Names the process that starts the relay. */
  readonly starter: string;
}

/**
 * The places of the relay to the engine beside the one at `location`, for this user: a job may use an engine
 * without being root. If `location` is itself the socket of a relay, these are its places.
 */
export function relayPlaces(location: string): RelayPlaces {
  const parent = join(tmpdir(), `drayage-beside-${String(process.getuid?.() ?? 0)}`);
  const own = /^unix:\/\/(\/.*\/drayage-beside-\d+\/[0-9a-f]{12})\/docker\.sock$/.exec(location)?.[1];
  const folder = own ?? join(parent, engineId(location));
  return {
    folder,
    socket: join(folder, 'docker.sock'),
    record: join(folder, 'relay.json'),
    log: join(folder, 'relay.log'),
    layout: join(folder, 'layout.tar'),
    starter: join(folder, 'starter.json'),
  };
}

/**
 * Creates the folder of a relay, and marks it with this process. Resolves with the pid of a living process
 * that has it already: a relay, or one that starts a relay. Replaces the folder of dead ones.
 * @throws DrayError `STORE_IO` if another user could have made it
 */
export async function takeRelayFolder(places: RelayPlaces): Promise<number | undefined> {
  const { folder } = places;
  const parent = join(folder, '..');
  // Each folder in it is for one user; the name of the job's user may be another one than root's.
  await mkdir(parent, { recursive: true, mode: 0o711 });
  const stats = await lstat(parent);
  if (!stats.isDirectory() || stats.uid !== process.getuid?.() || (stats.mode & 0o066) !== 0) {
    throw new DrayError('STORE_IO', `cannot use directory ${parent}: other users can access it`, {
      hint: `Remove ${parent}; the next run creates it again.`,
    });
  }
  try {
    await mkdir(folder, { mode: 0o700 });
  } catch (error) {
    if (systemErrorCode(error) !== 'EEXIST') throw error;
    const holder = await holderOf(places);
    if (holder !== undefined) return holder;
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { mode: 0o700 });
  }
  const self = await identifyProcess(process.pid);
  if (self !== undefined) await writeFileAtOnce(places.starter, JSON.stringify(self));
  return undefined;
}

/** The living relay, or the process that is starting one. */
async function holderOf(places: RelayPlaces): Promise<number | undefined> {
  const relay = await readRelayRecord(places);
  if (relay?.isAlive === true) return relay.record.pid;
  const text = await readFile(places.starter, 'utf8').catch(() => '');
  const [, pid, startTime] = /^\{"pid":(\d+),"startTime":(\d+)\}$/.exec(text) ?? [];
  const starter = { pid: Number(pid), startTime: Number(startTime) };
  return pid !== undefined && (await isRunning(starter)) ? starter.pid : undefined;
}

/** Writes atomically. */
export async function writeRelayRecord({ record }: RelayPlaces, content: RelayRecord): Promise<void> {
  await writeFileAtOnce(record, JSON.stringify({ version: 1, ...content }));
}

/** The record of a relay and whether it runs; undefined without one. */
export async function readRelayRecord({
  record,
}: RelayPlaces): Promise<{ readonly record: RelayRecord; readonly isAlive: boolean } | undefined> {
  const text = await readFile(record, 'utf8').catch(() => undefined);
  const found = text === undefined ? undefined : parseRecord(text);
  return found === undefined ? undefined : { record: found, isAlive: await isRunning(found) };
}

function parseRecord(text: string): RelayRecord | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (!isObject(value) || value['version'] !== 1) return undefined;
    const { pid, startTime, since } = value;
    const engine = parseEngine(value['engine']);
    if (typeof pid !== 'number' || typeof startTime !== 'number' || typeof since !== 'string')
      return undefined;
    return engine === undefined ? undefined : { pid, startTime, since, engine };
  } catch {
    return undefined;
  }
}

function parseEngine(value: unknown): BesideEngine | undefined {
  if (!isObject(value)) return undefined;
  const { dockerHost, location, pid, version, dataRoot, bridge } = value;
  if (typeof dockerHost !== 'string' || typeof location !== 'string' || typeof pid !== 'number')
    return undefined;
  if (typeof version !== 'string' || typeof dataRoot !== 'string' || typeof bridge !== 'string')
    return undefined;
  return { dockerHost, location, pid, version, dataRoot, bridge, packs: [] };
}
