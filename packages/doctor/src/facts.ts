import type { EngineSetup, ErrorSummary } from '@drayage/core';
import type { WayFacts } from '@drayage/core/plan';
import type { StorageFacts, Trial } from '@drayage/private-engine';

/** Everything that a diagnosis is made of. Nothing in it is secret. */
export interface DoctorFacts {
  readonly machine: MachineFacts;
  /** The engine that the docker client would talk to; undefined when none answers. */
  readonly engine?: EngineSetup | undefined;
  /** Why none answers. */
  readonly engineError?: ErrorSummary | undefined;
  /** Why this process cannot mount into the engine by itself; undefined: it can. */
  readonly localEngineHost: Trial;
  readonly storage: StorageLook;
  readonly wish: DeliveryWish;
}

/** What the caller wants, and whether packs will be there. */
export type DeliveryWish = Pick<WayFacts, 'delivery' | 'reach' | 'isExportWanted' | 'hasPacks'>;

/** What a private engine would find at its data-root. */
export interface StorageLook {
  /** As it was asked for; it may not be there yet. */
  readonly dataRoot: string;
  /** Undefined when it could not be tried. */
  readonly facts?: StorageFacts | undefined;
  readonly problem?: string | undefined;
  /** Type of the file system, also where nothing could be tried. */
  readonly filesystem: string;
}

/** The machine, or the container, that this process runs on. */
export interface MachineFacts {
  /** As the kernel calls itself, such as `6.1.0`. */
  readonly kernel: string;
  readonly isRoot: boolean;
  /** Root here is somebody else outside. */
  readonly inUserNamespace: boolean;
  readonly capabilities: CapabilityFacts;
  readonly filesystems: Readonly<Record<KernelFilesystem, KernelSupport>>;
  readonly devices: DeviceFacts;
  readonly programs: readonly ProgramFacts[];
  readonly container?: ContainerFacts | undefined;
  /** The maker or kind of the virtual machine; undefined: none is seen. */
  readonly virtualMachine?: string | undefined;
  /** Name of the CI system; undefined: none is seen. */
  readonly ci?: string | undefined;
  /** Type of the file system at `/`. */
  readonly rootFilesystem: string;
  readonly memory: MemoryFacts;
  readonly cgroup: CgroupFacts;
}

/** Names as in capabilities(7). */
export interface CapabilityFacts {
  readonly effective: readonly string[];
  /** That the kernel knows and this process has not. */
  readonly missing: readonly string[];
  /** That neither this process nor any that it starts can get. */
  readonly unreachable: readonly string[];
}

/** The file systems that matter here. */
export type KernelFilesystem = 'squashfs' | 'erofs' | 'overlay' | 'ext4' | 'fuse';

/**
 * `yes`: listed by the kernel, or it was loaded on demand; `module`: can be loaded; `no`: tried in vain;
 * `unknown`: could not be tried.
 */
export type KernelSupport = 'yes' | 'module' | 'no' | 'unknown';

/** Of `/dev`. */
export interface DeviceFacts {
  readonly hasLoop: boolean;
  readonly loopControl: boolean;
  readonly loopNodes: number;
  readonly fuse: boolean;
}

/** A program that something here may need. */
export interface ProgramFacts {
  readonly name: string;
  /** Undefined: not found. */
  readonly path?: string | undefined;
  readonly version?: string | undefined;
  /** How to install it, if it is missing. */
  readonly hint?: string | undefined;
}

/** A container that this process runs in. */
export interface ContainerFacts {
  readonly kind: 'docker' | 'podman' | 'kubernetes' | 'sysbox' | 'lxc' | 'unknown';
  /** As its engine names it: 64 hex digits. */
  readonly id?: string | undefined;
  /** What gave it away. */
  readonly sign: string;
}

/** In bytes. */
export interface MemoryFacts {
  readonly total: number;
  /** Without swapping. */
  readonly available: number;
  /** Of the control group; undefined: none. */
  readonly limit?: number | undefined;
}

export interface CgroupFacts {
  readonly version: 1 | 2 | undefined;
  /** An engine can make groups for its containers. */
  readonly writable: boolean;
}
