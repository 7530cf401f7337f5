import type { ByteStream } from './blob-store.ts';
import type { Pack } from './bundle/pack-types.ts';
import type { Engine, EngineInfo, LoadableImage } from './engine.ts';
import type { Descriptor } from './image/descriptor.ts';
import type { FileState } from './store/proven-file.ts';

/** A pack on this node with verified bytes. */
export interface MountablePack {
  readonly pack: Pack;
  /** The file system image. */
  readonly file: string;
  /** The file's state when its bytes were proven; undefined: the reader must prove it again. */
  readonly proven?: FileState | undefined;
}

/** Images that an engine is to get by mounting packs. */
export interface MountContent {
  /** All their layers are in `packs`. */
  readonly images: readonly LoadableImage[];
  readonly packs: readonly MountablePack[];
  /** The verified bytes of a blob of the bundle: tar-splits, and layers if the bundle has them. */
  readonly openBlob: (descriptor: Descriptor) => Promise<ByteStream>;
}

export interface MountRequest extends MountContent {
  /** The engine that was asked for; undefined when none answers. */
  readonly info: EngineInfo | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Into the running engine from this machine, into it through the Docker API, into a private engine, or into
 * an engine beside the running one, started through the Docker API.
 */
export type MountWay = 'mount-local' | 'mount-remote' | 'mount-private' | 'mount-beside';

/** A private engine that was started for the images. */
export interface StartedEngine {
  readonly engine: Engine;
  /** Where it answers, fit for `DOCKER_HOST`. */
  readonly dockerHost: string;
}

/** How a running engine may be reached for mounting; `auto` tries `local` first. */
export type MountReach = 'auto' | 'local' | 'api';

/** What this process may do, which decides whether it can mount at all. */
export interface MountRights {
  readonly isRoot: boolean;
  /** CAP_SYS_ADMIN is effective. */
  readonly hasSysAdmin: boolean;
  /** Root here is another user outside. */
  readonly inUserNamespace: boolean;
  /** Undefined: not examined. */
  readonly inContainer?: boolean | undefined;
}

/** What this machine and the caller contribute to the decision how images are delivered. */
export interface MounterFacts {
  readonly rights: MountRights;
  readonly reach: MountReach;
  /** A later step learns the `DOCKER_HOST` of a private engine, so it is of use. */
  readonly isExportWanted: boolean;
}

/** Makes an engine use the layers of mounted packs. */
export interface Mounter {
  /** Begins to load the libraries that `mount` needs. A failure surfaces in `mount`. */
  warmUp(): void;

  /**
   * Mounts the packs in the given way, and registers the images with name, ID and digests. The caller checks
   * that each is there afterwards. Resolves with the private engine if that was the way. Leaves nothing
   * behind when it throws.
   * @throws DrayError `MOUNT_UNAVAILABLE`, with a reason and a hint, where this way is closed; others when it
   * failed
   */
  mount(way: MountWay, request: MountRequest): Promise<StartedEngine | undefined>;
}

/** What `deliver` needs in order to mount. */
export interface Mounting {
  facts(): Promise<MounterFacts>;
  /** Called only when something is to be mounted, so it may load what that needs. */
  open(): Promise<Mounter>;
}
