import type { Readable } from 'node:stream';
import type { ByteStream } from './blob-store.ts';
import type { Descriptor } from './image/descriptor.ts';
import type { Digest } from './image/digest.ts';
import type { ImageContent } from './image/image-content.ts';
import type { Platform } from './image/platform.ts';
import type { Reference } from './image/reference.ts';

/**
 * `classic`: graph drivers, image ID = config digest. `containerd`: image ID = digest of the manifest or
 * index.
 */
export type ImageStoreKind = 'classic' | 'containerd';

export interface EngineInfo {
  /** The engine's address without credentials, such as `unix:///var/run/docker.sock`. */
  readonly location: string;
  /** The engine's version, such as `28.5.2`. */
  readonly version: string;
  /** The newest Docker API version that it speaks, such as `1.51`. */
  readonly apiVersion: string;
  readonly imageStore: ImageStoreKind;
  /** Graph driver or snapshotter, such as `overlay2`. */
  readonly storageDriver: string;
  readonly platform: Platform;
  /** Root in its containers is another user outside, because it is rootless or has userns-remap. */
  readonly userMapping?: 'rootless' | 'userns' | undefined;
  /**
   * The containerd of its containers, and of its images when it uses the containerd store; not reported by
   * engines before 27.0.
   */
  readonly containerd?: EngineContainerd | undefined;
}

export interface EngineContainerd {
  /** Path of the socket on the engine host. */
  readonly address: string;
  /** The namespace of containers and images; usually `moby`. */
  readonly namespace: string;
}

/** How an engine is set up, as far as it reports that. */
export interface EngineSetup {
  readonly info: EngineInfo;
  /** Which setting named the engine: `DOCKER_HOST`, `context "ci"`, `the default`. */
  readonly origin: string;
  /** The host name of the engine host. */
  readonly hostname: string;
  readonly operatingSystem: string;
  readonly kernel: string;
  /** Such as `name=rootless`. */
  readonly securityOptions: readonly string[];
  /** Names such as `runc`. */
  readonly runtimes: readonly string[];
  readonly defaultRuntime: string;
  readonly dataRoot: string;
  /** The file system of the data-root; not reported by engines with the containerd store. */
  readonly backingFilesystem?: string | undefined;
  /** The cgroup driver and version, such as `systemd 2`. */
  readonly cgroup: string;
  readonly memoryBytes: number;
  readonly cpus: number;
  /** Whether the requested container belongs to this engine. */
  readonly holdsUs?: boolean | undefined;
}

export interface EngineImage {
  /**
   * The ID that the engine prints: the config digest (classic), or the digest of the manifest or index
   * (containerd).
   */
  readonly engineImageId: Digest;
  readonly diffIds: readonly Digest[];
  /** Familiar names with a tag, as `docker inspect` lists them. */
  readonly repoTags: readonly string[];
  /** Familiar names with a digest, as `docker inspect` lists them. */
  readonly repoDigests: readonly string[];
}

/** One image for the engine's platform. */
export interface LoadableImage extends ImageContent {
  /** The image's name in the engine; undefined: it stays untagged. */
  readonly reference: Reference | undefined;
}

export interface LoadRequest {
  readonly image: LoadableImage;
  /** Positions in `image.layers` of the layers to omit because the engine has them. */
  readonly omit: ReadonlySet<number>;
  /**
   * The verified bytes of one of `image.layers`: compressed as in the registry, or the uncompressed tar when
   * a pack has the layer; the descriptor's media type says which. May be called more than once for a layer.
   */
  readonly openLayer: (layer: Descriptor) => Promise<ByteStream>;
  /**
   * What the gzip trailer of a layer gives as its uncompressed size (bytes): wrong for more than one member
   * or over 4 GiB. Undefined when the layer is not gzip or too short.
   */
  readonly plainSize?: ((layer: Descriptor) => Promise<number | undefined>) | undefined;
  /**
   * The engine has the omitted layers once this resolves: the archive's end is sent only then. Its rejection
   * is what `load` throws.
   */
  readonly omittedAreThere?: Promise<void> | undefined;
  readonly onProgress?: ((bytesSent: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface LoadResult {
  /** Bytes of the archive sent to the engine. */
  readonly bytesSent: number;
}

/**
 * A Docker API daemon we talk to. The caller (delivery) decides which layers to omit, whether to load or
 * pull, and what to do on failure. Every method returns when the engine has finished the work, not when the
 * stream began.
 */
export interface Engine {
  /**
   * Connects to the engine and describes it. @throws EngineError `ENGINE_UNREACHABLE`, `ENGINE_TOO_OLD` (API
   * under 1.41)
   */
  describe(signal?: AbortSignal): Promise<EngineInfo>;

  /** The image with this reference or image ID, or undefined. */
  inspect(name: Reference | Digest, signal?: AbortSignal): Promise<EngineImage | undefined>;

  /** The chainIds of all layers of the engine's images. */
  listChainIds(signal?: AbortSignal): Promise<ReadonlySet<Digest>>;

  /**
   * Sends one image without the omitted layers, as a docker-archive (classic) or OCI layout (containerd) made
   * on the fly.
   * @throws EngineError `ENGINE_LAYER_MISSING` when the engine lacks an omitted layer, `ENGINE_LOAD_FAILED`;
   * whatever `openLayer` throws (the engine then drops the archive)
   */
  load(request: LoadRequest): Promise<LoadResult>;

  /**
   * Removes an image without a name; its layers stay if other images have them. @throws EngineError
   * `ENGINE_API`
   */
  remove(engineImageId: Digest, signal?: AbortSignal): Promise<void>;

  /**
   * Removes the images without a name that have a label and were created (classic) or loaded (containerd) more
   * than `olderThanMs` ago.
   * @throws EngineError `ENGINE_API`
   */
  removeUnnamed(label: string, olderThanMs: number, signal?: AbortSignal): Promise<void>;

  /** Adds a name to an image. @throws EngineError `ENGINE_API` */
  tag(engineImageId: Digest, reference: Reference, signal?: AbortSignal): Promise<void>;

  /**
   * Pulls like `docker pull`, with the credentials of the docker config file. @throws EngineError
   * `ENGINE_PULL_FAILED`
   */
  pull(reference: Reference, platform: Platform, signal?: AbortSignal): Promise<void>;

  /**
   * Proves that the image can run, by creating a container that is never started.
   * @throws EngineError `ENGINE_LAYER_MISSING` when the engine cannot create it
   */
  checkRunnable(engineImageId: Digest, signal?: AbortSignal): Promise<void>;

  /**
   * Proves that the image can run and can be saved: the containerd store reports a failed unpack only as
   * text, and accepts an image whose blobs are missing.
   * @throws EngineError `ENGINE_LAYER_MISSING` when it cannot
   */
  checkUsable(engineImageId: Digest, signal?: AbortSignal): Promise<void>;
}

/**
 * A Docker API daemon that exports its images. Separate from {@link Engine}, because delivery does not need
 * it.
 */
export interface ImageSaver {
  /**
   * The archive that `docker save` makes of all `names` together; it contains shared blobs once. A classic
   * store before engine 25 gives a docker-archive. Later engines give an OCI layout: with uncompressed layers
   * (classic store), or with the blobs as pulled or built (containerd store). The caller reads to the end or
   * destroys the stream.
   * @throws EngineError `ENGINE_IMAGE_NOT_FOUND` when the engine lacks one of them, `ENGINE_API`,
   * `ENGINE_UNREACHABLE`
   */
  save(names: readonly (Reference | Digest)[], signal?: AbortSignal): Promise<Readable>;
}
