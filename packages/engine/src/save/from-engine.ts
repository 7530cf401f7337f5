import { familiarReference, firstExisting } from '@drayage/core';
import { handOver } from '@drayage/core/handover';
import { layerCompression } from '@drayage/core/image';
import type {
  BundleContext,
  Descriptor,
  Engine,
  FetchedImage,
  ImageOrigin,
  ImageSaver,
  PrepullImage,
  Reference,
} from '@drayage/core';
import { imageNotFound } from './open-archive.ts';
import { saveImages } from './save-into-bundle.ts';
import type { ImageInBundle, SavedImage } from './saved-image.ts';

/** The methods that {@link fromEngine} needs. */
export type SavingEngine = Pick<Engine, 'describe' | 'inspect'> & ImageSaver;

/**
 * Fetches images from an engine, such as those built in the job: of each image the first candidate that
 * exists. One archive contains all of them, so shared layers are read once. See {@link saveImages}.
 */
export function fromEngine(engine: SavingEngine): ImageOrigin {
  return (context, images) => {
    const wanted = new Map(images.map((image) => [image, new Deferred()]));
    void saveAll(engine, context, wanted);
    return new Map([...wanted].map(([image, { promise }]) => [image, promise.then(toFetched(context))]));
  };
}

/** Settles every image. */
async function saveAll(
  engine: SavingEngine,
  context: BundleContext,
  wanted: ReadonlyMap<PrepullImage, Deferred>,
): Promise<void> {
  const { platform, emit, signal } = context;
  try {
    const byReference = await chooseAll(engine, wanted, signal);
    if (byReference.size === 0) return;
    const references = [...byReference.keys()];
    const request = { engine, references, platform, bundle: context, onEvent: emit, signal };
    for await (const saved of saveImages(request)) byReference.get(saved.reference)?.settle(saved);
  } catch (error) {
    // Settled images are not affected.
    for (const deferred of wanted.values()) deferred.reject(error);
  }
}

/** Resolves each image to one reference; rejects the images without any. */
async function chooseAll(
  engine: SavingEngine,
  wanted: ReadonlyMap<PrepullImage, Deferred>,
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<Reference, Deferred>> {
  const chosen = await Promise.all(
    [...wanted].map(async ([image, deferred]) => {
      try {
        return [[await choose(engine, image, signal), deferred] as const];
      } catch (error) {
        deferred.reject(error);
        return [];
      }
    }),
  );
  return new Map(chosen.flat());
}

/** The only candidate, or the first of several that the engine has. */
function choose(
  engine: SavingEngine,
  image: PrepullImage,
  signal: AbortSignal | undefined,
): Promise<Reference> {
  const isOnly = image.candidates.length === 1;
  return firstExisting(
    image,
    async ({ reference }) => {
      if (isOnly || (await engine.inspect(reference, signal)) !== undefined) return reference;
      throw imageNotFound(familiarReference(reference), (await engine.describe(signal)).location);
    },
    signal,
  );
}

function toFetched(context: BundleContext): (saved: ImageInBundle) => Promise<FetchedImage> {
  return async ({ entry, manifestDigest, configDigest, bytes, layers, blobs }) => {
    await handOver(context, ...(context.form === 'packs' ? blobs.filter(isNoLayer) : blobs));
    return { entry, manifestDigest, configDigest, bytes, layers };
  };
}

function isNoLayer({ mediaType }: Descriptor): boolean {
  return layerCompression(mediaType) === undefined;
}

class Deferred {
  #resolve: (image: ImageInBundle) => void = () => undefined;
  #reject: (reason: unknown) => void = () => undefined;
  readonly promise: Promise<ImageInBundle> = new Promise((resolve, reject) => {
    this.#resolve = resolve;
    this.#reject = reject;
  });

  settle(saved: SavedImage): void {
    if (saved.state === 'saved') this.#resolve(saved);
    else this.#reject(saved.error);
  }

  reject(reason: unknown): void {
    this.#reject(reason);
  }
}
