import type { EngineInfo } from '../engine.ts';
import type { DrayError } from '../errors.ts';
import type { MountRights, MountWay } from '../mounter.ts';
import { asksForMounts, type Obstacle, type WayFacts } from './way-facts.ts';

/** Closes a way by an error that an attempt has thrown. Pure. */
export function obstacleOf({ message, hint }: DrayError): Obstacle {
  return { reason: shortReason(message), remedy: hint };
}

/** The part of a message that follows `cannot …: `. Pure. */
export function shortReason(message: string): string {
  return /^cannot .*?: (?=\S)(.*)$/s.exec(message)?.[1] ?? message;
}

export function localObstacle(facts: WayFacts): Obstacle | undefined {
  return (
    mountingObstacle(facts) ??
    runningObstacle(facts, 'mount-local') ??
    rightsObstacle(facts.rights) ??
    facts.found?.['mount-local']
  );
}

export function remoteObstacle(facts: WayFacts): Obstacle | undefined {
  return mountingObstacle(facts) ?? runningObstacle(facts, 'mount-remote') ?? facts.found?.['mount-remote'];
}

export function privateObstacle(facts: WayFacts): Obstacle | undefined {
  if (facts.reach === 'api' && facts.engine !== undefined)
    return mountingObstacle(facts) ?? reachGiven('api');
  return mountingObstacle(facts) ?? rightsObstacle(facts.rights) ?? facts.found?.['mount-private'];
}

/** Why no second engine can be started beside the running one, through the Docker API. */
export function besideObstacle(facts: WayFacts): Obstacle | undefined {
  const { engine, reach } = facts;
  const general = mountingObstacle(facts);
  if (general !== undefined) return general;
  if (engine === undefined) return noEngine;
  if (reach === 'local') return reachGiven(reach);
  if (isStartedByDrayage(engine.location)) {
    return { reason: `drayage started the engine at ${engine.location}, so it starts no other beside it` };
  }
  return foreignObstacle(engine) ?? facts.found?.['mount-beside'];
}

/** Whether a socket is that of a private engine, or of an engine beside another one. Pure. */
function isStartedByDrayage(location: string): boolean {
  return /^unix:\/\/(\/var)?\/run\/drayage\//.test(location) || /\/drayage-beside-\d+\//.test(location);
}

/** What prevents loading and pulling. */
export function deliveryObstacle({ engine, delivery }: WayFacts, way: 'load' | 'pull'): Obstacle | undefined {
  if (engine === undefined) return noEngine;
  return delivery === 'pull' && way === 'load' ? askedFor(delivery) : undefined;
}

/** Why packs cannot be mounted into a running engine, from anywhere; undefined: they can. Pure. */
export function engineObstacle(info: EngineInfo): Obstacle | undefined {
  const { imageStore, storageDriver } = info;
  const foreign = foreignObstacle(info);
  if (foreign !== undefined) return foreign;
  if (imageStore === 'classic') return classicStore(info);
  if (storageDriver === 'overlayfs') return undefined;
  return { reason: `its snapshotter is ${storageDriver}; only overlayfs supports mounted layers` };
}

/** What rules out packs whatever the image store. */
function foreignObstacle({ platform, userMapping }: EngineInfo): Obstacle | undefined {
  if (userMapping === 'rootless') {
    return { reason: 'the engine runs without root, and packs need the real root' };
  }
  if (userMapping === 'userns') {
    return { reason: 'the engine maps users, and the files of a pack are not mapped' };
  }
  return platform.os === 'linux' ? undefined : { reason: `the engine runs on ${platform.os}` };
}

/** Why a process may not mount; undefined: it may. Pure. */
export function rightsObstacle(rights: MountRights): Obstacle | undefined {
  const { isRoot, hasSysAdmin, inUserNamespace, inContainer = false } = rights;
  if (!isRoot) return { reason: 'mounting needs root', remedy: 'Run it as root, for example with sudo.' };
  if (!hasSysAdmin) {
    const remedy = inContainer
      ? 'Run this container privileged; with --cap-add SYS_ADMIN it needs the loop devices and the mounts unconfined as well.'
      : 'Run it as a root that has CAP_SYS_ADMIN.';
    return { reason: 'mounting needs CAP_SYS_ADMIN, which this process lacks', remedy };
  }
  return inUserNamespace ? { reason: 'root of a user namespace may not mount packs' } : undefined;
}

/** What rules out mounting, whichever way. */
function mountingObstacle({ delivery, hasPacks }: WayFacts): Obstacle | undefined {
  if (!asksForMounts(delivery)) return askedFor(delivery);
  if (hasPacks) return undefined;
  return { reason: 'the bundle has no packs', remedy: 'Make it with "dray prepull --form packs".' };
}

function runningObstacle({ engine, reach }: WayFacts, way: MountWay): Obstacle | undefined {
  if (engine === undefined) return noEngine;
  if (reach === 'api' && way === 'mount-local') return reachGiven(reach);
  if (reach === 'local' && way === 'mount-remote') return reachGiven(reach);
  return engineObstacle(engine);
}

function reachGiven(reach: string): Obstacle {
  return { reason: `--reach ${reach} was given` };
}

function askedFor(delivery: string): Obstacle {
  return { reason: `--delivery ${delivery} was given` };
}

function classicStore({ version }: EngineInfo): Obstacle {
  const reason = `engine ${version} uses the classic image store, which reads images only at start`;
  const remedy =
    (Number.parseInt(version, 10) || 0) < 24
      ? 'Use an engine of version 24 or later with the containerd image store.'
      : 'Set "features": {"containerd-snapshotter": true} in daemon.json of the engine and restart it; it will not see its present images.';
  return { reason, remedy };
}

const noEngine: Obstacle = { reason: 'no engine answers' };
