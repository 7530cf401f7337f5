import {
  UsageError,
  createDirectoryBlobStore,
  firstExisting,
  handOver,
  layerCompression,
} from '@drayage/core';
import type { Descriptor, DocumentStore, Engine, ImageOrigin, ImageSaver, PrepullImage } from '@drayage/core';
import { createSaver } from '@drayage/engine';

/** What is saved from where, and into which bundle. */
export interface EngineOrigin {
  readonly engine: Engine & ImageSaver;
  /** The directory of the bundle, laid out already. */
  readonly dir: string;
  readonly documents: DocumentStore;
}

/** Images that were built in the job: the first candidate of each that the engine has. */
export function fromEngine({ engine, dir, documents }: EngineOrigin): ImageOrigin {
  return (context) => {
    const { platform, emit, signal, pool } = context;
    const bundle = { blobs: createDirectoryBlobStore(dir), documents };
    const save = createSaver({ engine, platform, bundle, onEvent: emit, signal });
    return async (image) => {
      const saved = await firstExisting(image, ({ reference }) => save(reference), signal);
      const own = context.form === 'packs' ? saved.blobs.filter(isNoLayer) : saved.blobs;
      await Promise.all(own.map((blob) => pool.run(() => handOver(context, blob), signal)));
      const { entry, manifestDigest, configDigest, bytes, layers } = saved;
      return { entry, manifestDigest, configDigest, bytes, layers };
    };
  };
}

function isNoLayer({ mediaType }: Descriptor): boolean {
  return layerCompression(mediaType) === undefined;
}

/** Requires that every image can be found by its name alone. @throws UsageError `USAGE` for a range of versions */
export function checkNames(images: readonly PrepullImage[]): void {
  const ranged = images
    .flatMap(({ candidates }) => candidates)
    .find(({ reference }) => reference === undefined);
  if (ranged === undefined) return;
  throw new UsageError('USAGE', `cannot save ${ranged.text} from the engine: it is a range of versions`, {
    hint: 'Name the tag that was built.',
  });
}
