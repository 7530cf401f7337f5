import { setTimeout as pause } from 'node:timers/promises';
import { throwIfAborted, type DrayError } from '@drayage/core';
import { lockedError } from '../lock/locked.ts';
import { ownerLife, readOwner, type Owner } from '../lock/owner.ts';
import type { PidSpace, Environment } from '@drayage/host';
import { startHolder, type Holder } from '../lock/holder.ts';
import { engineProcesses, killProcesses } from './leftovers.ts';
import type { EnginePaths } from '../lock/engine-paths.ts';

// Between taking the lock and saying who has it lie a few milliseconds; between the end of a process and the release of its lock as well.
const settleMs = 2000;
const lookEveryMs = 50;

export interface TakenLock {
  readonly holder: Holder;
  /** Who had it before and did not clean up. */
  readonly previous: Owner | undefined;
}

/**
 * Takes the lock of a data-root. What is left of an engine that died, and still has the lock, is ended first.
 * @throws DrayError `ENGINE_LOCKED` when another engine lives there, or one of which that cannot be told; `MOUNT_UNAVAILABLE`, `ABORTED`
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

/** The owner, when it lives or lives elsewhere; else `unclear`, once its remains were ended. */
async function endRemainsOfDead(places: EnginePaths, here: PidSpace): Promise<Owner | 'unclear'> {
  // In this order: what is listed before the dead owner is still named as the owner was not started by a new one.
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
