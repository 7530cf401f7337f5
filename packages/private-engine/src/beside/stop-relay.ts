import { rm } from 'node:fs/promises';
import { signalProcess, waitForEnd } from '@drayage/host';
import { engineVersion } from '../engine/await-engine.ts';
import type { PrivateEngineStatus, StopResult } from '../engine/options.ts';
import { readRelayRecord, relayPlaces } from './relay-record.ts';

// The relay waits for the engine's side, which gives containers their time.
const extraMs = 20_000;

/**
 * Ends the engine beside the one at `location`, or the one whose relay is at `location`, with its relay.
 * Nothing of it remains on either side. Succeeds if there is none; what a killed relay left on the engine's
 * side removes itself.
 */
export async function stopBesideEngine(location: string, timeoutMs: number): Promise<StopResult> {
  const places = relayPlaces(location);
  const known = await readRelayRecord(places);
  const dataRoot = known?.record.engine.dataRoot ?? places.folder;
  let outcome: StopResult['outcome'] = 'not-running';
  if (known?.isAlive === true) {
    await signalProcess(known.record, 'SIGTERM');
    outcome = (await waitForEnd([known.record], timeoutMs + extraMs)) ? 'stopped' : 'killed';
    if (outcome === 'killed') await signalProcess(known.record, 'SIGKILL');
  }
  await rm(places.folder, { recursive: true, force: true });
  return { dataRoot, outcome, purged: true };
}

/** Describes the engine beside the one at `location`. Changes nothing. */
export async function besideEngineStatus(location: string): Promise<PrivateEngineStatus> {
  const places = relayPlaces(location);
  const known = await readRelayRecord(places);
  if (known === undefined) return { dataRoot: places.folder, state: 'stopped' };
  const { pid, since, engine } = known.record;
  const owner = { pid, since, hostname: engine.location, dockerHost: engine.dockerHost };
  const base = { dataRoot: engine.dataRoot, owner };
  if (!known.isAlive) return { ...base, state: 'left-over' };
  const version = await engineVersion(places.socket);
  return version === undefined ? { ...base, state: 'starting' } : { ...base, state: 'running', version };
}
