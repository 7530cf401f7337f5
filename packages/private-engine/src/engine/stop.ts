import { readdir, rm, rmdir } from 'node:fs/promises';
import { DrayError, systemErrorCode, throwIfAborted } from '@drayage/core';
import { lockedError } from '../lock/locked.ts';
import { ownerLife, readOwner, removeOwner, type Owner } from '../lock/owner.ts';
import { currentPidSpace, whyNoMounts, type PidSpace } from '@drayage/host';
import { findUserBridges } from '../network/remove-networks.ts';
import { sweepPrivateCopies } from '@drayage/mount';
import { findDataRoot, wipeData } from './data-root.ts';
import type { Holder } from '../lock/holder.ts';
import { endEngine, removeTraces } from './leftovers.ts';
import type { StopOptions, StopResult } from './options.ts';
import type { EnginePaths } from '../lock/engine-paths.ts';
import { readState } from './state.ts';
import { takeOver } from './take-over.ts';

const defaultTimeoutMs = 30_000;

/**
 * Ends the private engine of a data-root, and removes everything that it left outside of it. Succeeds if no
 * engine runs.
 * @throws DrayError `ENGINE_LOCKED` if it runs in another container and cannot be ended from here;
 * `MOUNT_UNAVAILABLE` without root, `ABORTED`
 */
export async function stopPrivateEngine(options: StopOptions): Promise<StopResult> {
  const { dataRoot, env, purge = false, timeoutMs = defaultTimeoutMs, signal } = options;
  const places = await findDataRoot(dataRoot);
  if (places === undefined || !(await isOurs(places)))
    return { dataRoot: places?.dataRoot ?? dataRoot, outcome: 'not-running', purged: false };
  await checkRights(places.dataRoot);
  throwIfAborted(signal, 'stop the engine');
  const here = await currentPidSpace();
  const owner = await readOwner(places.owner);
  // Before the engine ends, because only the engine may see its data.
  const userNetworks = await findUserBridges(await seenByOwner(places, owner, here));
  const outcome = owner === undefined ? 'not-running' : await end(owner, here, timeoutMs);
  // The lock prevents another start meanwhile.
  const { holder, previous } = await lockAgain(places, here, options);
  try {
    if (previous !== undefined) await removeTraces(previous, here, env, userNetworks);
    await removeOwner(places.owner);
    await sweepCopies(places);
    if (purge) await removeDataRoot(places);
  } finally {
    holder.release();
    await holder.ended.catch(() => undefined);
  }
  return { dataRoot: places.dataRoot, outcome, purged: purge };
}

/** Mounted private copies have no names; a killed start may have left one that does. */
async function sweepCopies({ state }: EnginePaths): Promise<void> {
  const packs = (await readState(state).catch(() => undefined))?.packs ?? [];
  await sweepPrivateCopies(packs.map(({ file }) => file));
}

async function end(owner: Owner, here: PidSpace, timeoutMs: number): Promise<StopResult['outcome']> {
  if ((await ownerLife(owner, here)) !== 'running') return 'not-running';
  return (await endEngine(owner, timeoutMs)) ? 'stopped' : 'killed';
}

async function lockAgain(
  places: EnginePaths,
  here: PidSpace,
  { env, signal }: StopOptions,
): Promise<{ readonly holder: Holder; readonly previous: Owner | undefined }> {
  try {
    return await takeOver(places, here, env, signal);
  } catch (error) {
    if (!(error instanceof DrayError) || error.code !== 'ENGINE_LOCKED') throw error;
    throw lockedError(
      'stop the engine on',
      places.dataRoot,
      await readOwner(places.owner),
      here.pidNamespace,
    );
  }
}

async function isOurs(places: EnginePaths): Promise<boolean> {
  return (await readdir(places.dataRoot)).includes('.drayage');
}

/** Removes the directory itself if it is empty. */
async function removeDataRoot(places: EnginePaths): Promise<void> {
  await wipeData(places);
  await rm(places.own, { recursive: true, force: true });
  try {
    await rmdir(places.dataRoot);
  } catch (error) {
    // It contains other files, or is a mount point.
    if (!['ENOTEMPTY', 'EEXIST', 'EBUSY'].includes(systemErrorCode(error) ?? '')) throw error;
  }
}

async function checkRights(dataRoot: string): Promise<void> {
  const reason = await whyNoMounts();
  if (reason === undefined) return;
  throw new DrayError('MOUNT_UNAVAILABLE', `cannot stop the engine on ${dataRoot}: ${reason}`, {
    hint: 'Run it as the user who started the engine.',
  });
}

/** A path at which this process can access the engine's data: through the engine while it runs. */
async function seenByOwner({ data }: EnginePaths, owner: Owner | undefined, here: PidSpace): Promise<string> {
  const isAlive = owner !== undefined && (await ownerLife(owner, here)) === 'running';
  return isAlive ? `/proc/${owner.pid}/root${data}` : data;
}
