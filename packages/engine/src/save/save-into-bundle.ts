import { abortable, familiarReference, isDrayError, throwIfAborted } from '@drayage/core';
import { readHeldContent } from '@drayage/core/bundle';
import type {
  BlobIngest,
  BlobStore,
  DocumentStore,
  Engine,
  ErrorCode,
  ImageSaver,
  Platform,
  PrepullEvent,
  Reference,
} from '@drayage/core';
import { archiveFiles } from './archive-files.ts';
import { composeClassicImage, storeClassicArchive } from './classic-store.ts';
import { composeContainerdImage, storeContainerdArchive } from './containerd-store.ts';
import { findHeldImage, findWanted } from './find-wanted.ts';
import { notSaved, savedImages, type SavedImage } from './saved-image.ts';
import { archiveBroken, dropUnneeded } from './save-run.ts';
import type { ComposedImage, SaveRun, WantedImage } from './save-run.ts';

/** The bundle that images are saved into; `location` names it in messages. */
export interface SaveDestination {
  readonly location: string;
  readonly blobs: BlobStore & BlobIngest;
  readonly documents: DocumentStore;
}

/** The images to save, their engine and the bundle. */
export interface SaveRequest {
  readonly engine: Pick<Engine, 'describe' | 'inspect'> & ImageSaver;
  readonly references: readonly Reference[];
  /** The platform to save when the engine has the image for several; default: the engine's own. */
  readonly platform?: Platform | undefined;
  /**
   * An initialised layout. Its index is read, not written. Nothing else may write or delete blobs there
   * meanwhile.
   */
  readonly bundle: SaveDestination;
  /** Receives `resolved`, `bytes` (as stored), `blob` and `warning`. */
  readonly onEvent?: ((event: PrepullEvent) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Saves images of an engine into a bundle. Yields the result for each reference as soon as it is known: first
 * the images that fail at once or that the bundle has, then those from the archive. One archive contains all
 * of them, so that shared layers are read once. When the engine cannot save all together, saves each by
 * itself.
 *
 * Image IDs survive. An image of a classic store keeps its config byte for byte; its layers, which such a
 * store keeps uncompressed, become gzip under an OCI manifest. An image of a containerd store keeps every
 * byte.
 * @throws EngineError `ENGINE_UNREACHABLE`, `ENGINE_TOO_OLD`; DrayError `BUNDLE_INVALID` and the like,
 * `ABORTED`
 */
export async function* saveImages(request: SaveRequest): AsyncGenerator<SavedImage> {
  const { engine, signal } = request;
  const info = await engine.describe(signal);
  const held = await readHeldContent(request.bundle, signal);
  const run: SaveRun = {
    info,
    blobs: request.bundle.blobs,
    location: request.bundle.location,
    platform: request.platform ?? info.platform,
    layers: new Map(held.layers),
    written: new Map(),
    needed: new Set(),
    emit: request.onEvent ?? (() => undefined),
    signal,
  };
  try {
    const { wanted, failures } = await findWanted(engine, request.references, run);
    yield* failures;
    const missing: WantedImage[] = [];
    for (const image of wanted) {
      const known = findHeldImage(run, held, image.engineImageId);
      if (known === undefined) missing.push(image);
      else yield* savedImages(run, image, known);
    }
    yield* saveTogether(run, engine, missing);
  } finally {
    await dropUnneeded(run);
  }
}

/** Like {@link saveImages}, but returns all results at the end, in the order of `request.references`. */
export async function saveIntoBundle(request: SaveRequest): Promise<readonly SavedImage[]> {
  const results = new Map<Reference, SavedImage>();
  for await (const image of saveImages(request)) results.set(image.reference, image);
  return request.references.flatMap((reference) => results.get(reference) ?? []);
}

// Errors that may concern only one image of an archive; a full disk does not.
const blamedOnArchive: readonly ErrorCode[] = [
  'ENGINE_SAVE_FAILED',
  'ENGINE_IMAGE_NOT_FOUND',
  'ENGINE_API',
  'DIGEST_MISMATCH',
  'SIZE_MISMATCH',
  'MANIFEST_TOO_LARGE',
];

async function* saveTogether(
  run: SaveRun,
  engine: ImageSaver,
  images: readonly WantedImage[],
): AsyncGenerator<SavedImage> {
  if (images.length === 0) return;
  try {
    await storeArchive(run, engine, images);
  } catch (error) {
    throwIfAborted(run.signal, `save ${namesOf(images)} from ${run.info.location}`);
    if (!isDrayError(error)) throw error;
    if (images.length > 1 && isDrayError(error, ...blamedOnArchive)) {
      // Layers that have arrived are not compressed again.
      for (const image of images) yield* saveTogether(run, engine, [image]);
    } else {
      for (const image of images) yield* notSaved(image, error);
    }
    return;
  }
  for (const image of images) yield* composeImage(run, image);
}

async function storeArchive(run: SaveRun, engine: ImageSaver, images: readonly WantedImage[]): Promise<void> {
  const { info, signal } = run;
  const what = namesOf(images);
  const archive = await engine.save(
    images.map(({ engineImageId }) => engineImageId),
    signal,
  );
  const bytes = abortable(archive, signal, `save ${what} from ${info.location}`);
  const files = archiveFiles(bytes, (error) => archiveBroken(what, info, error));
  try {
    if (info.imageStore === 'classic') await storeClassicArchive(run, images, files);
    else await storeContainerdArchive(run, files);
  } finally {
    archive.destroy();
  }
}

async function* composeImage(run: SaveRun, image: WantedImage): AsyncGenerator<SavedImage> {
  const compose = run.info.imageStore === 'classic' ? composeClassicImage : composeContainerdImage;
  let composed: ComposedImage;
  try {
    composed = await compose(run, image, namesOf([image]));
  } catch (error) {
    throwIfAborted(run.signal, `save ${namesOf([image])} from ${run.info.location}`);
    if (!isDrayError(error)) throw error;
    yield* notSaved(image, error);
    return;
  }
  yield* savedImages(run, image, composed);
}

function namesOf(images: readonly WantedImage[]): string {
  return images.flatMap(({ references }) => references.map(familiarReference)).join(', ');
}
