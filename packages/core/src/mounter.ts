import type { ByteStream } from './blob-store.ts';
import type { Pack } from './bundle/pack-types.ts';
import type { Engine, EngineInfo, LoadableImage } from './engine.ts';
import type { Descriptor } from './image/descriptor.ts';
import type { FileState } from './store/proven-file.ts';

/** A pack that is on this node, and whose bytes were proven. */
export interface MountablePack {
  readonly pack: Pack;
  /** The file system image. */
  readonly file: string;
  /** The state in which its bytes were proven; undefined: whoever reads it proves it again. */
  readonly proven?: FileState | undefined;
}

export interface MountRequest {
  readonly engine: Engine;
  /** Undefined when no engine answers: only one of our own can be used then. */
  readonly info: EngineInfo | undefined;
  /** All their layers are in `packs`. */
  readonly images: readonly LoadableImage[];
  readonly packs: readonly MountablePack[];
  /** The verified bytes of a blob of the bundle: tar-splits, and layers where they are there. */
  readonly openBlob: (descriptor: Descriptor) => Promise<ByteStream>;
  readonly signal?: AbortSignal | undefined;
}

/** `live`: into the running engine; `private`: into an engine of our own that was started for it. */
export type MountWay = 'live' | 'private';

export interface MountResult {
  readonly way: MountWay;
  /** Where the images are now: the engine that was asked for, or our own. */
  readonly engine: Engine;
  /** Of our own engine, fit for `DOCKER_HOST`. */
  readonly dockerHost?: string | undefined;
}

/** Makes an engine know the layers of mounted packs. */
export interface Mounter {
  /** True when it needs no engine that answers: it starts one of our own. */
  readonly startsEngine: boolean;

  /** Begins to load what it needs, while others are waited for. Only `mount` tells when that fails. */
  warmUp(): void;

  /**
   * Mounts the packs and registers the images with name, ID and digests. Whether each is there afterwards is for the caller to look.
   * Nothing is left behind when it throws.
   * @throws DrayError `MOUNT_UNAVAILABLE`, with a reason and a hint, where this cannot be done at all; others when it went wrong
   */
  mount(request: MountRequest): Promise<MountResult>;
}
