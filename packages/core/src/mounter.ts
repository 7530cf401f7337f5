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

export interface MountRequest {
  readonly engine: Engine;
  /** Undefined when the engine does not answer: only a private engine can be used then. */
  readonly info: EngineInfo | undefined;
  /** The images to mount; `packs` holds all their layers. */
  readonly images: readonly LoadableImage[];
  readonly packs: readonly MountablePack[];
  /** The verified bytes of a blob of the bundle: tar-splits, and layers if the bundle has them. */
  readonly openBlob: (descriptor: Descriptor) => Promise<ByteStream>;
  readonly signal?: AbortSignal | undefined;
}

/** `live`: into the running engine; `private`: into a private engine started for this. */
export type MountWay = 'live' | 'private';

export interface MountResult {
  readonly way: MountWay;
  /** The engine that has the images now: the given one or the private one. */
  readonly engine: Engine;
  /** The private engine's address, for `DOCKER_HOST`. */
  readonly dockerHost?: string | undefined;
}

/** Makes an engine use the layers of mounted packs. */
export interface Mounter {
  /** True when it starts a private engine and so does not need a running one. */
  readonly startsEngine: boolean;

  /** Starts loading what `mount` needs in the background. Only `mount` reports a failure of it. */
  warmUp(): void;

  /**
   * Mounts the packs and registers the images with name, ID and digests. The caller checks that each image is
   * there afterwards. Leaves nothing behind when it throws.
   * @throws DrayError `MOUNT_UNAVAILABLE`, with a reason and a hint, when mounting is impossible here; other
   * codes when it fails
   */
  mount(request: MountRequest): Promise<MountResult>;
}
