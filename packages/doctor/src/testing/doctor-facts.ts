import type { EngineInfo, EngineSetup } from '@drayage/core';
import type { StorageFacts } from '@drayage/private-engine';
import type { DoctorFacts, MachineFacts } from '../facts.ts';

/** A machine on which everything works: real root on a virtual machine, with all programs. */
export const capableMachine: MachineFacts = {
  kernel: '6.1.0',
  isRoot: true,
  inUserNamespace: false,
  capabilities: { effective: ['CAP_SYS_ADMIN'], missing: [], unreachable: [] },
  filesystems: { squashfs: 'yes', erofs: 'yes', overlay: 'yes', ext4: 'yes', fuse: 'yes' },
  devices: { hasLoop: true, loopControl: true, loopNodes: 8, fuse: true },
  programs: ['mksquashfs', 'dockerd', 'containerd', 'mount', 'flock', 'unshare', 'nsenter'].map((name) => ({
    name,
    path: `/usr/bin/${name}`,
  })),
  rootFilesystem: 'ext4',
  memory: { total: 16e9, available: 12e9 },
  cgroup: { version: 2, writable: true },
};

const workingStorage: StorageFacts = {
  filesystem: 'ext4',
  overlayHere: undefined,
  overlayAnywhere: undefined,
  loopExt4: undefined,
  fuseOverlayfs: undefined,
  freeBytes: 50e9,
  memoryBytes: 12e9,
};

/** An engine on this machine with the containerd store, with changes. */
export function engineFacts(
  changes: Partial<EngineSetup> & { readonly infoChanges?: Partial<EngineInfo> | undefined } = {},
): EngineSetup {
  const { infoChanges, ...others } = changes;
  const mapping = (['rootless', 'userns'] as const).find((name) =>
    others.securityOptions?.includes(`name=${name}`),
  );
  return {
    origin: 'the default',
    hostname: 'node1',
    operatingSystem: 'Debian GNU/Linux 12 (bookworm)',
    kernel: '6.1.0',
    securityOptions: ['name=apparmor', 'name=seccomp,profile=builtin', 'name=cgroupns'],
    runtimes: ['io.containerd.runc.v2', 'runc'],
    defaultRuntime: 'runc',
    dataRoot: '/var/lib/docker',
    cgroup: 'systemd 2',
    memoryBytes: 16e9,
    cpus: 4,
    ...others,
    info: {
      location: 'unix:///var/run/docker.sock',
      version: '29.0.1',
      apiVersion: '1.52',
      imageStore: 'containerd',
      storageDriver: 'overlayfs',
      platform: { os: 'linux', architecture: 'amd64' },
      ...(mapping === undefined ? {} : { userMapping: mapping }),
      ...infoChanges,
    },
  };
}

/**
 * The facts of a machine and an engine with which everything works, changed as told; `engine: undefined`
 * takes the engine away.
 */
export function doctorFacts(
  changes: {
    readonly machine?: Partial<MachineFacts> | undefined;
    readonly engine?: EngineSetup | undefined;
    readonly localEngineHost?: string | undefined;
    readonly storage?: Partial<StorageFacts> | undefined;
    readonly isExportWanted?: boolean | undefined;
  } = {},
): DoctorFacts {
  const engine = 'engine' in changes ? changes.engine : engineFacts();
  return {
    machine: { ...capableMachine, ...changes.machine },
    engine,
    localEngineHost: changes.localEngineHost,
    wish: {
      delivery: 'auto',
      reach: 'auto',
      isExportWanted: changes.isExportWanted ?? true,
      hasPacks: true,
    },
    storage: {
      dataRoot: '/var/lib/drayage',
      filesystem: 'ext4',
      facts: { ...workingStorage, ...changes.storage },
    },
  };
}
