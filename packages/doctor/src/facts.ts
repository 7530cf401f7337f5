import type { EngineSetup, ErrorSummary } from '@drayage/core';
import type { WayFacts } from '@drayage/core/plan';
import type { StorageFacts, Trial } from '@drayage/private-engine';

/** The facts for a diagnosis. They contain no secrets. */
export interface DoctorFacts {
  readonly machine: MachineFacts;
  /** The engine that the docker client would use; undefined if none answers. */
  readonly engine?: EngineSetup | undefined;
  /** Why no engine answers. */
  readonly engineError?: ErrorSummary | undefined;
  /** Why this process cannot mount into the engine itself; undefined if it can. */
  readonly localEngineHost: Trial;
  readonly storage: StorageLook;
  readonly wish: DeliveryWish;
}

/** What the caller wants, and whether packs will be there. */
export type DeliveryWish = Pick<WayFacts, 'delivery' | 'reach' | 'isExportWanted' | 'hasPacks'>;

/** What a private engine would find at its data-root. */
export interface StorageLook {
  /** The requested path, which may not exist yet. */
  readonly dataRoot: string;
  /** Undefined if no backend could be tried. */
  readonly facts?: StorageFacts | undefined;
  readonly problem?: string | undefined;
  /** Type of the file system, known even if no backend could be tried. */
  readonly filesystem: string;
}

/** The machine or container of this process. */
export interface MachineFacts {
  /** Release of the kernel, such as `6.1.0`. */
  readonly kernel: string;
  readonly isRoot: boolean;
  /** True if root here is another user outside. */
  readonly inUserNamespace: boolean;
  readonly capabilities: CapabilityFacts;
  readonly filesystems: Readonly<Record<KernelFilesystem, KernelSupport>>;
  readonly devices: DeviceFacts;
  readonly programs: readonly ProgramFacts[];
  readonly container?: ContainerFacts | undefined;
  /** Manufacturer or kind of the virtual machine; undefined if none is recognised. */
  readonly virtualMachine?: string | undefined;
  /** Name of the CI system; undefined if none is recognised. */
  readonly ci?: string | undefined;
  /** Type of the file system at `/`. */
  readonly rootFilesystem: string;
  readonly memory: MemoryFacts;
  readonly cgroup: CgroupFacts;
}

/** Names as in capabilities(7). */
export interface CapabilityFacts {
  readonly effective: readonly string[];
  /** Known to the kernel, but not effective in this process. */
  readonly missing: readonly string[];
  /** Not available to this process or any child. */
  readonly unreachable: readonly string[];
}

/** File systems that drayage can use. */
export type KernelFilesystem = 'squashfs' | 'erofs' | 'overlay' | 'ext4' | 'fuse';

/**
 * `yes`: listed by the kernel, or it was loaded on demand; `module`: can be loaded; `no`: tried in vain;
 * `unknown`: could not be tried.
 */
export type KernelSupport = 'yes' | 'module' | 'no' | 'unknown';

/** Devices in `/dev`. */
export interface DeviceFacts {
  readonly hasLoop: boolean;
  readonly loopControl: boolean;
  readonly loopNodes: number;
  readonly fuse: boolean;
}

/** A program that drayage or an engine may need. */
export interface ProgramFacts {
  readonly name: string;
  /** Undefined: not found. */
  readonly path?: string | undefined;
  readonly version?: string | undefined;
  /** How to install it, if it is missing. */
  readonly hint?: string | undefined;
}

/** The container of this process. */
export interface ContainerFacts {
  readonly kind: 'docker' | 'podman' | 'kubernetes' | 'sysbox' | 'lxc' | 'unknown';
  /** The engine's ID for it: 64 hex digits. */
  readonly id?: string | undefined;
  /** The trace that reveals the container. */
  readonly sign: string;
}

/** Memory in bytes. */
export interface MemoryFacts {
  readonly total: number;
  /** Available without swapping. */
  readonly available: number;
  /** Limit of the control group; undefined without a limit. */
  readonly limit?: number | undefined;
}

export interface CgroupFacts {
  readonly version: 1 | 2 | undefined;
  /** True if an engine can create groups for its containers. */
  readonly writable: boolean;
}
