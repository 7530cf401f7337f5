import { createReadStream } from 'node:fs';
import { posix } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { text } from 'node:stream/consumers';
import { EngineError, throwIfAborted } from '@drayage/core';
import { checkPackRoot } from '@drayage/core/bundle';
import { lastWords, type ProgramResult } from '@drayage/host';
import { listRoots, packOptions, parseRoots, type PlacedFile, type RemoteEngineHost } from '@drayage/mount';
import { logTail } from '../engine/await-engine.ts';
import { daemonConfig } from '../engine/daemon-config.ts';
import { mountPack } from '../engine/mount-packs.ts';
import type { PrivateEngineEvent } from '../engine/options.ts';
import { enginePathsOf, runRoot, type EnginePaths } from '../lock/engine-paths.ts';
import { ownerText, type Owner } from '../lock/owner.ts';
import { chooseBridge, type BridgePlan } from '../network/choose-bridge.ts';
import { tryOverlay } from '../storage/scripts.ts';
import { cleanUpCommand, trapCommands } from './clean-up.ts';
import { valuesOf } from './engine-process.ts';
import { clearRemains } from './clear-remains.ts';
import { findPrograms, type FoundPrograms } from './find-programs.ts';
import { startFarHolder, type FarHolder } from './far-holder.ts';
import {
  keepRulesScript,
  lookAtNetworkScript,
  makeBridgeScript,
  parseNetwork,
  restoreRulesScript,
} from './network.ts';
import type { BesideRequest } from './request.ts';
import { besideUnavailable } from './unavailable.ts';

/** An engine on the side of another one, that this process started through the Docker API. */
export interface FarEngine {
  readonly pid: number;
  readonly version: string;
  readonly places: EnginePaths;
  readonly bridge: string;
  /** Words for `env` with which the programs of the engine are found. */
  readonly environment: readonly string[];
  /** Waits until the packs are in place, and mounts them where the engine sees them. */
  mountPacks(): Promise<void>;
  isRunning(): Promise<boolean>;
  /** Gives the other engine back the firewall rules that it lost when this one started. */
  restoreRules(): Promise<void>;
  /** The error for an engine that does not answer, with the end of its log. */
  startFailed(reason: string): Promise<EngineError>;
  /** Ends it and removes everything of it. */
  stop(): Promise<void>;
}

export interface FarEngineOptions {
  readonly engineHost: RemoteEngineHost;
  readonly request: BesideRequest;
  readonly onEvent: (event: PrivateEngineEvent) => void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The mount point of the pack at a position of the request, known before anything is started there. Short,
 * because a tar header holds 100 bytes of a link to a layer in it. Pure.
 */
export function besideMountPoint(id: string, position: number): string {
  return `${runRoot}/${id}/p${String(position)}`;
}

function besidePlaces(volume: string, id: string): EnginePaths {
  return enginePathsOf(posix.join(volume, `engine-${id}`), id);
}

/**
 * Starts an engine beside the one whose API is known: a process on the same side, with its own data-root in
 * the volume, its own containerd, bridge, lock and owner file. The packs are sent meanwhile. When the helper
 * container's shell ends for any reason, it removes everything of the engine first.
 */
export async function startFarEngine(options: FarEngineOptions): Promise<FarEngine> {
  const { engineHost, request, signal } = options;
  const placing = Promise.all(request.packs.map((pack) => engineHost.placePack(pack, signal)));
  placing.catch(() => undefined);
  const places = besidePlaces(engineHost.volume.path, request.id);
  await clearRemains(engineHost, options.onEvent);
  const found = await findPrograms(engineHost, request.location);
  const started = await launch(options, places, found);
  return { ...started, mountPacks: async () => mountPlaced(options, started, await placing) };
}

async function mountPlaced(
  options: FarEngineOptions,
  { pid }: Pick<FarEngine, 'pid'>,
  placed: readonly PlacedFile[],
): Promise<void> {
  const { engineHost, request } = options;
  const enter = ['nsenter', '-t', String(pid), '-m', '--', 'sh', '-c'];
  for (const [position, entry] of request.packs.entries()) {
    const file = placed[position];
    if (file === undefined) continue;
    const point = besideMountPoint(request.id, position);
    const script = `${listRoots}\nmkdir -p "$4" && (${mountPack}) && roots "$4"`;
    const { filesystem, layers } = entry.pack;
    const args = [filesystem, packOptions, file.path, point, file.identity];
    const said = await required(options, [...enter, script, 'drayage', ...args], `mount pack ${entry.file}`);
    await file.confirm();
    const entries = parseRoots(said.stdout).get(point) ?? [];
    const diffIds = layers.map(({ diffId }) => diffId);
    checkPackRoot({ pack: entry.pack.image.digest, entries, diffIds });
    await file.release();
  }
  throwIfAborted(options.signal, `start an engine beside ${engineHost.volume.location}`);
}

async function launch(
  options: FarEngineOptions,
  places: EnginePaths,
  { engine, environment, version }: FoundPrograms,
): Promise<Omit<FarEngine, 'mountPacks'>> {
  const { engineHost, request, signal } = options;
  const { location } = request;
  const make = 'umask 077; mkdir -p "$1" "$2" && mkdir -p -m 711 "$3" && exec 8>>"$4"';
  const folders = [places.own, places.data, places.execRoot, places.lock];
  await required(options, ['sh', '-c', make, 'drayage', ...folders], 'make the data-root');
  const holder = await startFarHolder(engineHost, places.lock, environment, location);
  const network = await chooseNetwork(options);
  const owner = ownerOf(holder, places, network);
  // From here on, the shell of the helper container removes everything when it ends.
  await armCleanUp(options, owner, places);
  const stop = (): Promise<void> => stopFar(engineHost, owner, places);
  try {
    await inHolder(holder, location, writeFile, places.owner, ownerText(owner));
    await inHolder(holder, location, tryOverlay, places.data);
    await unpackLayout(options, places);
    throwIfAborted(signal, `start an engine beside ${location}`);
    const { create } = network.plan;
    if (create !== undefined) await inHolder(holder, location, makeBridgeScript, create.name, create.address);
    await writeConfig(options, holder, places, network.plan, { engine, version });
    await holder.session.run(['sh', '-c', hideContainerd]);
    await inHolder(holder, location, keepRulesScript, places.runDir);
    // The Docker API closes the output of a program only when the program has ended.
    holder.session
      .become([engine.program, '--config-file', places.config], places.log)
      .catch(() => undefined);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    ...{ pid: holder.pid, version, places, environment, stop },
    bridge: network.plan.bridge ?? 'docker0',
    restoreRules: async () => {
      const enter = ['nsenter', '-t', String(engineHost.pid), '-n', '--', 'sh', '-c'];
      await engineHost.run([...enter, restoreRulesScript, 'drayage', places.runDir]);
    },
    isRunning: async () => (await engineHost.run(['kill', '-0', String(holder.pid)])).exitCode === 0,
    startFailed: async (reason) => {
      const { stdout } = await engineHost.run(['tail', '-n', '200', places.log]);
      const message = `cannot start an engine beside ${location}: ${reason}; its log ends with\n${logTail(stdout)}`;
      return new EngineError('ENGINE_START_FAILED', message, { hint: 'Use --delivery load.' });
    },
  };
}

// dockerd would use the system's containerd, which does not see our mounts.
const hideContainerd = 'mkdir -p /run/containerd && mount -t tmpfs -o mode=0711 drayage /run/containerd';

const writeFile = 'umask 077; printf %s "$2" >"$1.new" && mv "$1.new" "$1"';

interface ChosenNetwork {
  readonly plan: BridgePlan;
  readonly ownsChains: boolean;
}

async function chooseNetwork({ engineHost, request, onEvent }: FarEngineOptions): Promise<ChosenNetwork> {
  const enter = ['nsenter', '-t', String(engineHost.pid), '-n', '--', 'sh', '-c'];
  const { stdout } = await engineHost.run([...enter, lookAtNetworkScript]);
  const { facts, hasChains } = parseNetwork(stdout);
  // The name docker0 is left to the other engine, even while it does not use it.
  const interfaces = facts.hasIp ? [...facts.interfaces, 'docker0'] : facts.interfaces;
  const wish = request.bridge ?? 'auto';
  const plan = chooseBridge(wish, wish === 'auto' ? { ...facts, interfaces } : facts);
  for (const message of plan.notes) onEvent({ type: 'note', message });
  return { plan, ownsChains: plan.iptables && !hasChains };
}

function ownerOf(holder: FarHolder, places: EnginePaths, { plan, ownsChains }: ChosenNetwork): Owner {
  const { socket, runDir, cgroup } = places;
  const { pid, startTime, bootId, pidNamespace, networkNamespace, hostname } = holder;
  const since = new Date().toISOString();
  return {
    ...{ pid, startTime, bootId, pidNamespace, networkNamespace, hostname, since, socket, runDir, cgroup },
    ...(plan.remove === undefined ? {} : { bridge: plan.remove }),
    ownsChains,
  };
}

async function armCleanUp(
  { engineHost }: FarEngineOptions,
  owner: Owner,
  { dataRoot }: EnginePaths,
): Promise<void> {
  for (const command of trapCommands(cleanUpCommand(engineHost.pid, { owner, dataRoot }, 'lost')))
    await engineHost.run(command);
}

async function stopFar(engineHost: RemoteEngineHost, owner: Owner, { dataRoot }: EnginePaths): Promise<void> {
  await engineHost.run(cleanUpCommand(engineHost.pid, { owner, dataRoot }, 'stop'));
  await engineHost.run(['trap', '-', 'EXIT', 'TERM', 'INT', 'HUP']);
}

async function writeConfig(
  { request }: FarEngineOptions,
  holder: FarHolder,
  places: EnginePaths,
  network: BridgePlan,
  { engine, version }: Pick<FoundPrograms, 'engine' | 'version'>,
): Promise<void> {
  const also = (name: string, values: readonly string[]): readonly string[] => [
    ...new Set([...values, ...valuesOf(name, engine.args)]),
  ];
  const config = daemonConfig({
    ...{ places, network, imageStore: 'classic', driver: 'overlay2' },
    major: Number.parseInt(version),
    registryMirrors: also('registry-mirror', request.registryMirrors),
    insecureRegistries: also('insecure-registry', request.insecureRegistries),
  });
  await inHolder(holder, request.location, writeFile, places.config, JSON.stringify(config, null, 2));
}

/** Sends the contents of the data-root through the API into tar on the engine's side. */
async function unpackLayout(
  { engineHost, request, signal }: FarEngineOptions,
  { data }: EnginePaths,
): Promise<void> {
  if (request.layout === undefined) return;
  const script = 'cd "$1" && tar -xf - && echo unpacked';
  const tar = await engineHost.exec(['sh', '-c', script, 'drayage', data], signal);
  const said = Promise.all([text(tar.stdout), text(tar.stderr)]);
  await pipeline(createReadStream(request.layout), tar.stdin, { end: true }).catch(() => undefined);
  const [stdout, stderr] = await said;
  if (stdout.trim() === 'unpacked') return;
  throw besideUnavailable(request.location, `its side cannot unpack the data-root (${stderr.trim()})`);
}

async function inHolder(
  { session }: FarHolder,
  location: string,
  script: string,
  ...args: readonly string[]
): Promise<void> {
  const result = await session.run(['sh', '-c', script, 'drayage', ...args]);
  if (result.exitCode !== 0) throw besideUnavailable(location, reasonIn(result));
}

async function required(
  { engineHost, request }: FarEngineOptions,
  argv: readonly string[],
  what: string,
): Promise<ProgramResult> {
  const result = await engineHost.run(argv);
  if (result.exitCode === 0) return result;
  throw besideUnavailable(request.location, `cannot ${what} there: ${reasonIn(result)}`);
}

function reasonIn(result: ProgramResult): string {
  return lastWords(result) || `exit code ${String(result.exitCode)}`;
}
