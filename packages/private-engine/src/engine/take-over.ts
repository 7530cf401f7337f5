import { setTimeout as pause } from 'node:timers/promises';
import { throwIfAborted, type DrayError } from '@drayage/core';
import { lockedError } from '../lock/locked.ts';
import { ownerLife, readOwner, type Owner } from '../lock/owner.ts';
import type { PidSpace, Environment } from '@drayage/host';
import { startHolder, type Holder } from '../lock/holder.ts';
import { engineProcesses, killProcesses } from './leftovers.ts';
import type { EnginePaths } from '../lock/engine-paths.ts';

// Writing the owner file follows the lock by a few milliseconds, and the lock is released a few milliseconds
// after the process ends.
const settleMs = 2000;
const lookEveryMs = 50;

export interface TakenLock {
  readonly holder: Holder;
  /** The previous owner, if it did not clean up. */
  readonly previous: Owner | undefined;
}

/**
 * Takes the lock of a data-root. If remains of a dead engine still hold the lock, ends them first.
 * @throws DrayError `ENGINE_LOCKED` if another engine has the data-root or may have it; `MOUNT_UNAVAILABLE`,
 * `ABORTED`
 */
export async function takeOver(
  places: EnginePaths,
  here: PidSpace,
  env: Environment,
  signal: AbortSignal | undefined,
): Promise<TakenLock> {
  const deadline = performance.now() + settleMs;
  for (;;) {
    throwIfAborted(signal, 'start the engine');
    const holder = await startHolder(places.lock, env);
    if (holder !== undefined) return { holder, previous: await readOwner(places.owner) };
    const isOver = performance.now() > deadline;
    const owner = await endRemainsOfDead(places, here);
    if (owner !== 'unclear') throw locked(places, owner, here);
    if (isOver) throw locked(places, await readOwner(places.owner), here);
    await pause(lookEveryMs);
  }
}

/** Returns the owner if it lives, here or elsewhere; else ends its remains and returns `unclear`. */
async function endRemainsOfDead(places: EnginePaths, here: PidSpace): Promise<Owner | 'unclear'> {
  // In this order: if the owner file still names the dead owner after the listing, no new engine started the
  // listed processes.
  const remains = await engineProcesses(places);
  const owner = await readOwner(places.owner);
  if (owner === undefined) return 'unclear';
  if ((await ownerLife(owner, here)) !== 'dead') return owner;
  await killProcesses(remains);
  return 'unclear';
}

function locked(places: EnginePaths, owner: Owner | undefined, here: PidSpace): DrayError {
  return lockedError('start an engine on', places.dataRoot, owner, here.pidNamespace);
}
