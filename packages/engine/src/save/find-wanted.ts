import { familiarReference, isDrayError, platformMatches, throwIfAborted } from '@drayage/core';
import type { Digest, Engine, EngineImage, Reference } from '@drayage/core';
import type { HeldContent } from '@drayage/core/bundle';
import { imageNotFound } from './open-archive.ts';
import type { ImageNotSaved } from './saved-image.ts';
import type { ComposedImage, SaveRun, WantedImage } from './save-run.ts';

/** The engine's images for the requested names. */
export interface FoundImages {
  /** Each image once, even when it has several names. */
  readonly wanted: readonly WantedImage[];
  /** Names without an image. */
  readonly failures: readonly ImageNotSaved[];
}

/** Looks up each name in the engine. @throws DrayError `ABORTED` */
export async function findWanted(
  engine: Pick<Engine, 'inspect'>,
  references: readonly Reference[],
  run: SaveRun,
): Promise<FoundImages> {
  const answers = await Promise.all(references.map((reference) => inspect(engine, reference, run)));
  throwIfAborted(run.signal, `save images from ${run.info.location}`);
  const failures: ImageNotSaved[] = [];
  const wanted = new Map<Digest, WantedImage>();
  for (const answer of answers) {
    if ('state' in answer) {
      failures.push(answer);
      continue;
    }
    const { reference, image } = answer;
    const { engineImageId, diffIds } = image;
    run.emit({ type: 'resolved', reference: familiarReference(reference), digest: engineImageId });
    const others = wanted.get(engineImageId)?.references ?? [];
    wanted.set(engineImageId, { engineImageId, diffIds, references: [...others, reference] });
  }
  return { wanted: [...wanted.values()], failures };
}

/** The image with this ID if the bundle has it completely, so that the engine need not send it. */
export function findHeldImage(
  { info, platform }: SaveRun,
  { images }: HeldContent,
  engineImageId: Digest,
): ComposedImage | undefined {
  return images.find(({ entry: { target, manifest }, config }) => {
    if (info.imageStore === 'classic') return config.digest === engineImageId;
    if (target.digest !== engineImageId) return false;
    // The bundle may hold the image for a different platform.
    return target.digest === manifest.digest || platformMatches(platform, manifest.platform ?? platform);
  });
}

interface Answer {
  readonly reference: Reference;
  readonly image: EngineImage;
}

async function inspect(
  engine: Pick<Engine, 'inspect'>,
  reference: Reference,
  { info, signal }: SaveRun,
): Promise<Answer | ImageNotSaved> {
  try {
    const image = await engine.inspect(reference, signal);
    if (image !== undefined) return { reference, image };
    throw imageNotFound(familiarReference(reference), info.location);
  } catch (error) {
    if (!isDrayError(error)) throw error;
    return { state: 'failed', reference, error };
  }
}
