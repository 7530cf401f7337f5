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
      // The engine of a socket runs on the same kernel.
      'mount-beside': engine?.info.location.startsWith('unix:') === true ? kernel : undefined,
    },
  });
}

/** The storage backend that a private engine would use here; undefined if none could be tried. Pure. */
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
    remedy: 'Run "modprobe loop" on the host.',
  };
}

function missingFilesystem(filesystems: Readonly<Record<KernelFilesystem, string>>): Obstacle | undefined {
  if (filesystems.squashfs !== 'no') return undefined;
  const remedy =
    filesystems.erofs === 'no'
      ? 'Run "modprobe squashfs" on the host.'
      : 'Make packs with "dray prepull --pack-format erofs", or run "modprobe squashfs" on the host.';
  return { reason: 'this kernel cannot read squashfs', remedy };
}

// Without `ip` and `iptables` an engine starts, but its containers have no network.
const neededByPrivateEngine = ['dockerd', 'containerd', 'flock', 'unshare', 'mount'];

function privateObstacle(facts: DoctorFacts): Obstacle | undefined {
  const { machine, storage } = facts;
  const missing = machine.programs.find(
    ({ name, path }) => path === undefined && neededByPrivateEngine.includes(name),
  );
  if (missing !== undefined) {
    const { name, hint } = missing;
    return { reason: `program ${name} not found`, remedy: hint };
  }
  if (machine.cgroup.version === undefined || !machine.cgroup.writable) {
    return {
      reason: 'control groups are not mounted or read-only, so an engine cannot run containers',
      remedy: 'Run this container with --privileged.',
    };
  }
  const choice = privateStorage(facts);
  if (choice === undefined) return { reason: storage.problem ?? 'no storage backend could be tried' };
  if (choice.backend !== 'vfs') return undefined;
  return {
    reason: `only storage driver vfs works for ${storage.dataRoot}, and it does not support packs`,
    remedy: 'Put the data-root on a volume with --data-root.',
  };
}
