import type { MountWay } from '../mounter.ts';
import type { Obstacle, WayFacts } from './way-facts.ts';
import {
  besideObstacle,
  deliveryObstacle,
  localObstacle,
  privateObstacle,
  remoteObstacle,
} from './way-obstacles.ts';

/** How images may come into an engine, the fastest first. */
export const wayNames = [
  'mount-local',
  'mount-remote',
  'mount-private',
  'mount-beside',
  'load',
  'pull',
] as const;

export type WayName = (typeof wayNames)[number];

/** One way, and whether it is open. */
export interface Way {
  readonly name: WayName;
  readonly possible: boolean;
  /** Why it is open, or the first obstacle. */
  readonly reason: string;
  /** What removes the obstacle, where something can. */
  readonly remedy?: string | undefined;
}

/** The way that is taken. */
export interface WayChoice {
  /** `none`: no way is open. */
  readonly way: WayName | 'none';
  readonly reason: string;
}

export interface WayDecision {
  readonly choice: WayChoice;
  /** In the order of preference. */
  readonly ways: readonly Way[];
}

/**
 * Decides how images come into the engine: the fastest way that is open. `dray load`, `dray plan` and `dray
 * doctor` all call this function; facts that one of them has not examined are undefined and close no way.
 * `load` calls it again with what an attempt has shown. Pure.
 */
export function decideWay(facts: WayFacts): WayDecision {
  const ways = [
    judge('mount-local', localObstacle(facts), `packs are mounted in place into the ${whichEngine(facts)}`),
    judge(
      'mount-remote',
      remoteObstacle(facts),
      `packs are sent through the Docker API and mounted into the ${whichEngine(facts)} by a privileged container`,
    ),
    judge('mount-private', privateObstacle(facts), 'packs are mounted into a private engine'),
    judge(
      'mount-beside',
      besideObstacle(facts),
      `packs are sent through the Docker API and mounted into a second engine beside the ${whichEngine(facts)}`,
    ),
    judge(
      'load',
      deliveryObstacle(facts, 'load'),
      'the engine gets the layers that it lacks, as the registry compressed them',
    ),
    judge(
      'pull',
      deliveryObstacle(facts, 'pull'),
      'the engine itself pulls each image that was not pre-pulled',
    ),
  ];
  return { choice: choose(ways, facts), ways };
}

/** Narrows a choice to the ways of mounting. */
export function isMountWay(way: WayName | 'none'): way is MountWay {
  return way.startsWith('mount-');
}

/** Why nothing is mounted, in one line: every obstacle once. Pure. */
export function whyNotMounted({ ways }: WayDecision): string {
  const reasons = ways.flatMap(({ name, possible, reason }) => {
    if (!isMountWay(name)) return [];
    return [possible ? notAskedFor : reason];
  });
  return [...new Set(reasons)].join('; ');
}

const notAskedFor = 'a private engine is started only with --export FILE or --delivery mount';

function judge(name: WayName, obstacle: Obstacle | undefined, reason: string): Way {
  return obstacle === undefined ? { name, possible: true, reason } : { name, possible: false, ...obstacle };
}

function choose(ways: readonly Way[], facts: WayFacts): WayChoice {
  const first = ways.find(({ name, possible }) => possible && (!startsEngine(name) || mayStartEngine(facts)));
  if (first !== undefined) return { way: first.name, reason: first.reason };
  const own = ways.find(({ name }) => name === 'mount-private');
  const reason = own === undefined || own.possible ? notAskedFor : own.reason;
  return { way: 'none', reason: `no engine answers, and no private engine can replace it: ${reason}` };
}

/** Whether a way starts another engine than the one that was asked for. Pure. */
function startsEngine(way: WayName | 'none'): boolean {
  return way === 'mount-private' || way === 'mount-beside';
}

/** Users of the engine that answers would not see the images in another one, so they must ask for it. */
function mayStartEngine({ delivery, isExportWanted }: WayFacts): boolean {
  return delivery === 'mount' || isExportWanted;
}

function whichEngine({ engine }: WayFacts): string {
  return `running engine at ${engine?.location ?? 'an unknown place'}`;
}
