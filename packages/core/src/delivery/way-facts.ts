import type { EngineInfo } from '../engine.ts';
import type { MounterFacts, MountWay } from '../mounter.ts';

/**
 * `auto` chooses the fastest way, `mount` mounts packs, `load` sends from the bundle, `pull` lets the engine
 * pull.
 */
export type DeliveryMode = 'auto' | 'mount' | 'load' | 'pull';

/** Whether a mode mounts packs where that is possible. Pure. */
export function asksForMounts(delivery: DeliveryMode): boolean {
  return delivery === 'auto' || delivery === 'mount';
}

/** Why a way is closed. */
export interface Obstacle {
  readonly reason: string;
  /** What the user can do about it, in one sentence. */
  readonly remedy?: string | undefined;
}

/** The facts that the decision is made from. */
export interface WayFacts extends MounterFacts {
  /** Image store, snapshotter, version and platform of the engine; undefined: none answers. */
  readonly engine: EngineInfo | undefined;
  readonly delivery: DeliveryMode;
  /** The bundle has packs, or will have some. */
  readonly hasPacks: boolean;
  /** Obstacles that an examination of the machine, or an attempt, has found. */
  readonly found?: Readonly<Partial<Record<MountWay, Obstacle | undefined>>> | undefined;
}
