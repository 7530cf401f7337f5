import { hostname } from 'node:os';
import { DrayError } from '@drayage/core';
import { readOwner, removeOwner, writeOwner, type Owner } from '../lock/owner.ts';
import { currentPidSpace, whyNoMounts, requireProgram, type PidSpace } from '@drayage/host';
import { findUserBridges } from '../network/remove-networks.ts';
import { awaitEngine } from './await-engine.ts';
import { openDataRoot } from './data-root.ts';
import { findDockerd, type Dockerd } from './dockerd.ts';
import type { Holder } from '../lock/holder.ts';
import { daemonEnvironment, launchDockerd, makeRunDirectory, setUpNetwork } from './launch.ts';
import { endEngine, removeTraces } from './leftovers.ts';
import { mountInContainerd } from './live-content.ts';
import type { PrivateEngine, PrivateEngineOptions } from './options.ts';
import type { EnginePaths } from '../lock/engine-paths.ts';
import { prepareDataRoot } from './prepare.ts';
import { writeState } from './state.ts';
import { takeOver } from './take-over.ts';

const defaultTimeoutMs = 60_000;

// An engine that never answered has nothing to save.
const failedStopTimeoutMs = 3000;

/**
 * Starts a private engine and waits until it answers. The engine has its own data-root, socket, process tree,
 * mount namespace and log, and holds the lock of the data-root exactly as long as it lives. If this throws,
 * or this process dies before the engine runs, only the directory itself stays.
 * @throws DrayError `ENGINE_LOCKED`, `DATA_ROOT_INCOMPATIBLE`, `STORAGE_UNAVAILABLE`, `MOUNT_UNAVAILABLE`,
 * `MOUNT_FAILED`, `ENGINE_START_FAILED`, `DIGEST_MISMATCH`, `DISK_FULL`, `STORE_IO`, `ABORTED`
 */
export async function startPrivateEngine(options: PrivateEngineOptions): Promise<PrivateEngine> {
  const { env } = options;
  await checkRights();
  for (const program of ['flock', 'unshare', 'mount']) await requireProgram(program, env, 'start an engine');
  const dockerd = await findDockerd(options.dockerd, env);
  checkStore(options, dockerd);
  const places = await openDataRoot(options.dataRoot);
  const here = await currentPidSpace();
  const { holder, previous } = await takeOver(places, here, daemonEnvironment(env, dockerd), options.signal);
  const owner = ownerOf(holder, places, here);
  try {
    await writeOwner(places.owner, owner);
    if (previous !== undefined) {
      options.onEvent?.({ type: 'clearing', pid: previous.pid, since: previous.since });
      // The new engine creates networks of users again.
      await removeTraces(previous, here, env, []);
    }
    return await startWith(holder, places, owner, options, dockerd);
  } catch (error) {
    await cleanUp(holder, places, owner, here, options);
    throw error;
  }
}

async function startWith(
  holder: Holder,
  places: EnginePaths,
  owner: Owner,
  options: PrivateEngineOptions,
  dockerd: Dockerd,
): Promise<PrivateEngine> {
  const { timeoutMs = defaultTimeoutMs, signal, onEvent } = options;
  const prepared = await prepareDataRoot(holder, places, options);
  const { storage, unmounted, isFresh } = prepared;
  for (const message of storage.warnings) onEvent?.({ type: 'warning', message });
  await makeRunDirectory(places);
  const network = await setUpNetwork(places, options, owner);
  for (const message of network.notes) onEvent?.({ type: 'note', message });
  const state = { ...prepared.state, phase: 'used' as const };
  await writeState(places.state, state);
  try {
    await launchDockerd(holder, places, options, { dockerd, state, network });
    const version = await awaitEngine(places, holder, timeoutMs, signal);
    const live = await mountInContainerd(places, holder, state, options);
    return {
      dataRoot: places.dataRoot,
      dockerHost: `unix://${places.socket}`,
      pid: holder.pid,
      version,
      imageStore: state.imageStore,
      driver: state.driver,
      storage,
      bridge: network.bridge ?? 'docker0',
      packs: live.packs.map(({ digest }) => digest),
      unmounted: [...unmounted, ...live.unmounted],
    };
  } catch (error) {
    // No engine used it, so the next start prepares it again, perhaps with other packs.
    if (isFresh) await writeState(places.state, { ...state, phase: 'preparing' });
    throw error;
  }
}

/** After a failure, removes the engine, the processes that it started, and everything made for it. */
async function cleanUp(
  holder: Holder,
  places: EnginePaths,
  owner: Owner,
  here: PidSpace,
  options: PrivateEngineOptions,
): Promise<void> {
  const userNetworks = await findUserBridges(holder.seen(places.data));
  holder.release();
  await endEngine(owner, failedStopTimeoutMs);
  await holder.ended.catch(() => undefined);
  // The owner file also names a bridge that was created since.
  await removeTraces((await readOwner(places.owner)) ?? owner, here, options.env, userNetworks);
  await removeOwner(places.owner);
}

async function checkRights(): Promise<void> {
  const reason = await whyNoMounts();
  if (reason === undefined) return;
  throw new DrayError('MOUNT_UNAVAILABLE', `cannot start an engine: ${reason}`, {
    hint: 'Run it as root; in a container, use --privileged (or --cap-add SYS_ADMIN and NET_ADMIN).',
  });
}

function checkStore({ imageStore }: PrivateEngineOptions, { file, version, major }: Dockerd): void {
  if (imageStore !== 'containerd' || major >= 24) return;
  throw new DrayError(
    'ENGINE_START_FAILED',
    `cannot start ${file} with the containerd image store: version ${version} does not have it`,
    { hint: 'Use Docker 24 or later, or --image-store classic.' },
  );
}

function ownerOf(holder: Holder, places: EnginePaths, here: PidSpace): Owner {
  const { socket, runDir, cgroup } = places;
  const { pid, startTime } = holder;
  const since = new Date().toISOString();
  return { pid, startTime, ...here, hostname: hostname(), since, socket, runDir, cgroup };
}
