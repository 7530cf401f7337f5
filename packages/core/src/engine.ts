import type { Readable } from 'node:stream';
import type { ByteStream } from './blob-store.ts';
import type { Descriptor } from './image/descriptor.ts';
import type { Digest } from './image/digest.ts';
import type { ImageContent } from './image/image-content.ts';
import type { Platform } from './image/platform.ts';
import type { Reference } from './image/reference.ts';

/** `classic`: graph drivers, image ID = config digest. `containerd`: image ID = digest of the manifest or index. */
export type ImageStoreKind = 'classic' | 'containerd';

export interface EngineInfo {
  /** Where it answers, without credentials, such as `unix:///var/run/docker.sock`. */
  readonly location: string;
  /** Of the engine, such as `28.5.2`. */
  readonly version: string;
  /** Newest Docker API version it speaks, such as `1.51`. */
  readonly apiVersion: string;
  readonly imageStore: ImageStoreKind;
  /** Graph driver or snapshotter, such as `overlay2`. */
  readonly storageDriver: string;
  readonly platform: Platform;
  /** The containerd that holds its containers, and its images with that store; engines before 27.0 do not tell. */
  readonly containerd?: EngineContainerd | undefined;
}

/** Where an engine finds its containerd. */
export interface EngineContainerd {
  /** Path of the socket, on the engine's side. */
  readonly address: string;
  /** Of containers and images; usually `moby`. */
  readonly namespace: string;
}

/** How an engine is set up, as far as it tells. */
export interface EngineSetup {
  readonly info: EngineInfo;
  /** What named the engine: `DOCKER_HOST`, `context "ci"`, `the default`. */
  readonly origin: string;
  /** Of the machine it runs on. */
  readonly hostname: string;
  readonly operatingSystem: string;
  readonly kernel: string;
  /** Such as `name=rootless`. */
  readonly securityOptions: readonly string[];
  /** Names such as `runc`. */
  readonly runtimes: readonly string[];
  readonly defaultRuntime: string;
  readonly dataRoot: string;
  /** Of the data-root; engines with the containerd store do not tell. */
  readonly backingFilesystem?: string | undefined;
  /** Driver and version, such as `systemd 2`. */
  readonly cgroup: string;
  readonly memoryBytes: number;
  readonly cpus: number;
  /** Whether the container that was asked for is one of its own. */
  readonly holdsUs?: boolean | undefined;
}

export interface EngineImage {
  /** What the engine prints as ID: the config digest (classic) or the manifest's or index's digest (containerd). */
  readonly engineImageId: Digest;
  readonly diffIds: readonly Digest[];
  /** As `docker inspect` lists them: familiar names with a tag. */
  readonly repoTags: readonly string[];
  /** As `docker inspect` lists them: familiar names with a digest. */
  readonly repoDigests: readonly string[];
}

/** One image for the engine's platform. */
export interface LoadableImage extends ImageContent {
  /** The name that it gets in the engine; undefined: none. */
  readonly reference: Reference | undefined;
}

export interface LoadRequest {
  readonly image: LoadableImage;
  /** Positions in `image.layers` of the layers to leave out, because the engine has them. */
  readonly omit: ReadonlySet<number>;
  /**
   * The verified bytes of one of `image.layers`: as the registry compressed them, or, where a pack has the layer,
   * its uncompressed tar; the descriptor's media type says which. May be called more than once for a layer.
   */
  readonly openLayer: (layer: Descriptor) => Promise<ByteStream>;
  readonly onProgress?: ((bytesSent: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface LoadResult {
  /** Bytes of archive sent to the engine. */
  readonly bytesSent: number;
}

/**
 * A Docker API daemon we talk to. Nothing here decides: which layers to leave out, whether to load or pull, what to do on failure is the
 * caller's (delivery). Every method that starts work returns when the engine has ended it, not when the stream began.
 */
export interface Engine {
  /** Connects and describes. @throws EngineError `ENGINE_UNREACHABLE`, `ENGINE_TOO_OLD` (API under 1.41) */
  describe(signal?: AbortSignal): Promise<EngineInfo>;

  /** The image that a reference or an image ID names, or undefined. */
  inspect(name: Reference | Digest, signal?: AbortSignal): Promise<EngineImage | undefined>;

  /** The chainIds of all layers that the engine's images stand on. */
  listChainIds(signal?: AbortSignal): Promise<ReadonlySet<Digest>>;

  /**
   * Sends one image without the omitted layers, as a docker-archive (classic) or OCI layout (containerd) made on the fly.
   * @throws EngineError `ENGINE_LAYER_MISSING` when an omitted layer was not there after all, `ENGINE_LOAD_FAILED`;
   * whatever `openLayer` throws (the engine then drops the archive)
   */
  load(request: LoadRequest): Promise<LoadResult>;

  /** Gives an image another name. @throws EngineError `ENGINE_API` */
  tag(engineImageId: Digest, reference: Reference, signal?: AbortSignal): Promise<void>;

  /** `docker pull`, with the credentials of the docker config file. @throws EngineError `ENGINE_PULL_FAILED` */
  pull(reference: Reference, platform: Platform, signal?: AbortSignal): Promise<void>;

  /**
   * Proves that a container could be made of the image, by making one that is never started.
   * @throws EngineError `ENGINE_LAYER_MISSING` when it could not
   */
  checkRunnable(engineImageId: Digest, signal?: AbortSignal): Promise<void>;

  /**
   * Proves that a container could be made of the image and that it could be saved: the containerd store reports a failed unpack only as
   * text, and takes an image whose blobs are missing.
   * @throws EngineError `ENGINE_LAYER_MISSING` when it could not
   */
  checkUsable(engineImageId: Digest, signal?: AbortSignal): Promise<void>;
}

/**
 * A Docker API daemon that gives its images away. Apart from {@link Engine}, because delivery needs nothing of it.
 */
export interface ImageSaver {
  /**
   * The archive that `docker save` makes of all `names` together: what several images share is in it once. A classic store before engine 25
   * gives a docker-archive, later ones give an OCI layout: with uncompressed layers (classic store), or with the blobs as they were pulled
   * or built (containerd store). The caller reads to the end or destroys the stream.
   * @throws EngineError `ENGINE_IMAGE_NOT_FOUND` when the engine does not have one of them, `ENGINE_API`, `ENGINE_UNREACHABLE`
   */
  save(names: readonly (Reference | Digest)[], signal?: AbortSignal): Promise<Readable>;
}
