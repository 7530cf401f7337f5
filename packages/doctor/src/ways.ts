import type { MountRights } from '@drayage/core/bundle';
import { decideWay, type Obstacle, type WayDecision } from '@drayage/core/plan';
import { chooseStorage, type StorageChoice } from '@drayage/private-engine';
import type { DoctorFacts, KernelFilesystem, MachineFacts } from './facts.ts';

/**
 * The decision that `dray load` makes with the same facts, plus what only an examination of the machine
 * shows. Pure.
 */
export function judgeWays(facts: DoctorFacts): WayDecision {
  const { engine, machine, localEngineHost, wish } = facts;
  const kernel = kernelObstacle(machine);
  return decideWay({
    ...wish,
    engine: engine?.info,
    rights: mountRights(machine),
    found: {
      'mount-local': kernel ?? (localEngineHost === undefined ? undefined : { reason: localEngineHost }),
      'mount-private': kernel ?? privateObstacle(facts),
    },
  });
}

/** The storage backend that a private engine would have here, if any can be tried. Pure. */
export function privateStorage({ storage }: DoctorFacts): StorageChoice | undefined {
  return storage.facts === undefined ? undefined : chooseStorage(storage.facts, 'auto');
}

function mountRights({ isRoot, capabilities, inUserNamespace, container }: MachineFacts): MountRights {
  return {
    isRoot,
    hasSysAdmin: capabilities.effective.includes('CAP_SYS_ADMIN'),
    inUserNamespace,
    inContainer: container !== undefined,
  };
}

/** What this kernel lacks for mounting packs. */
function kernelObstacle({ filesystems, devices }: MachineFacts): Obstacle | undefined {
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
