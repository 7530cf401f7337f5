import type { EngineSetup } from '@drayage/core';
import type { DoctorFacts, KernelFilesystem, MachineFacts } from './facts.ts';
import { isRootless, remapsUsers } from './situation.ts';
import { chooseStorage, type StorageChoice } from '@drayage/private-engine';

/** How images may come into an engine here, the fastest first. */
export const wayNames = ['mount-local', 'mount-remote', 'mount-private', 'load', 'pull'] as const;

export type WayName = (typeof wayNames)[number];

/** One way, and whether it can be gone. */
export interface Way {
  readonly name: WayName;
  readonly possible: boolean;
  /** Why it can be gone, or the first thing that is in its way. */
  readonly reason: string;
  /** What takes that away, where something can. */
  readonly remedy?: string | undefined;
}

/** What is in the way of something. */
interface Obstacle {
  readonly reason: string;
  readonly remedy?: string | undefined;
}

/** Looks at every way, in the order of preference. Pure. */
export function judgeWays(facts: DoctorFacts): readonly Way[] {
  const answers = facts.engine === undefined ? noEngine : undefined;
  const location = facts.engine?.info.location ?? 'the engine';
  return [
    judge(
      'mount-local',
      localObstacle(facts),
      `packs are mounted into the running engine at ${location}, in place`,
    ),
    judge(
      'mount-remote',
      liveObstacle(facts.engine),
      'packs are sent through the Docker API, and mounted by a short-lived privileged container; where the engine refuses one, layers are loaded',
    ),
    judge('mount-private', privateObstacle(facts), privateReason(facts)),
    judge(
      'load',
      answers,
      'the layers that the engine lacks are sent to it, as the registry compressed them',
    ),
    judge('pull', answers, 'the engine pulls by itself what was not pre-pulled'),
  ];
}

/** The storage backend that a private engine would have here, if any can be tried. Pure. */
export function privateStorage({ storage }: DoctorFacts): StorageChoice | undefined {
  return storage.facts === undefined ? undefined : chooseStorage(storage.facts, 'auto');
}

function judge(name: WayName, obstacle: Obstacle | undefined, reason: string): Way {
  return obstacle === undefined ? { name, possible: true, reason } : { name, possible: false, ...obstacle };
}

const noEngine: Obstacle = { reason: 'no engine answers' };

/** What hinders mounting into the running engine, from wherever. */
function liveObstacle(engine: EngineSetup | undefined): Obstacle | undefined {
  if (engine === undefined) return noEngine;
  const { imageStore, storageDriver, platform } = engine.info;
  if (isRootless(engine)) return { reason: 'the engine is rootless, and packs need the real root' };
  if (remapsUsers(engine)) return { reason: 'the engine maps users, and files of packs are not mapped' };
  if (platform.os !== 'linux') return { reason: `the engine runs on ${platform.os}` };
  if (imageStore === 'classic') return classicStore(engine);
  if (storageDriver === 'overlayfs') return undefined;
  return { reason: `its snapshotter is ${storageDriver}, and only overlayfs takes mounted layers` };
}

function classicStore({ info }: EngineSetup): Obstacle {
  const reason = `engine ${info.version} keeps its images in the classic store, which reads them at its start only`;
  const remedy =
    majorOf(info.version) < 24
      ? 'Use an engine of version 24 or later with the containerd image store.'
      : 'Set "features": {"containerd-snapshotter": true} in daemon.json of the engine, and start it anew; its present images are not taken along.';
  return { reason, remedy };
}

function localObstacle({ engine, machine, localEngineHost }: DoctorFacts): Obstacle | undefined {
  const live = liveObstacle(engine);
  if (live !== undefined) return live;
  return mountObstacle(machine) ?? (localEngineHost === undefined ? undefined : { reason: localEngineHost });
}

/** What hinders this process from mounting packs. */
function mountObstacle({
  isRoot,
  capabilities,
  container,
  inUserNamespace,
  devices,
  filesystems,
}: MachineFacts): Obstacle | undefined {
  if (!isRoot) return { reason: 'mounting needs root', remedy: 'Run it as root, for example with sudo.' };
  if (!capabilities.effective.includes('CAP_SYS_ADMIN')) {
    const remedy =
      container === undefined
        ? 'Run it as a root that has CAP_SYS_ADMIN.'
        : 'Run this container privileged; with --cap-add SYS_ADMIN it needs the loop devices and the mounts unconfined as well.';
    return { reason: 'mounting needs CAP_SYS_ADMIN, which this root lacks', remedy };
  }
  if (inUserNamespace) return { reason: 'root of a user namespace may not mount packs' };
  const missing = missingFilesystem(filesystems);
  if (missing !== undefined) return missing;
  if (devices.hasLoop) return undefined;
  return {
    reason: 'this kernel has no loop devices',
    remedy: 'Load the module on the host: "modprobe loop".',
  };
}

function missingFilesystem(filesystems: Readonly<Record<KernelFilesystem, string>>): Obstacle | undefined {
  if (filesystems.squashfs !== 'no') return undefined;
  const remedy =
    filesystems.erofs === 'no'
      ? 'Load the module on the host: "modprobe squashfs".'
      : 'Make packs with "dray prepull --pack-format erofs", or load the module on the host: "modprobe squashfs".';
  return { reason: 'this kernel cannot read squashfs', remedy };
}

// Without `ip` and `iptables` an engine has no network for its containers, yet starts.
const neededByPrivateEngine = ['dockerd', 'containerd', 'flock', 'unshare', 'mount'];

function privateObstacle(facts: DoctorFacts): Obstacle | undefined {
  const { machine, storage } = facts;
  const mounting = mountObstacle(machine);
  if (mounting !== undefined) return mounting;
  const missing = machine.programs.find(
    ({ name, path }) => path === undefined && neededByPrivateEngine.includes(name),
  );
  if (missing !== undefined) {
    const { name, hint } = missing;
    return { reason: `there is no program ${name}`, remedy: hint };
  }
  if (machine.cgroup.version === undefined || !machine.cgroup.writable) {
    return {
      reason: 'control groups are not mounted, or read-only, so an engine could run no container',
      remedy: 'Run this container privileged.',
    };
  }
  const choice = privateStorage(facts);
  if (choice === undefined) return { reason: storage.problem ?? 'no storage backend could be tried' };
  if (choice.backend !== 'vfs') return undefined;
  return {
    reason: `only storage driver vfs works for ${storage.dataRoot}, and packs cannot be mounted with it`,
    remedy: 'Put the data-root on a volume with --data-root.',
  };
}

function privateReason(facts: DoctorFacts): string {
  const backend = privateStorage(facts)?.backend ?? 'unknown';
  return `an engine of our own is started on the packs, with storage backend ${backend}${wish(facts)}`;
}

/** Whoever uses the engine that answers would not see the images in another one. */
function wish({ engine, mayStartEngine }: DoctorFacts): string {
  return engine === undefined || mayStartEngine ? '' : ', when --export FILE or --delivery mount asks for it';
}

function majorOf(version: string): number {
  return Number.parseInt(version, 10) || 0;
}
