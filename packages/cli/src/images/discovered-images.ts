import { UsageError, fixedImage, formatPlatform, parseReference } from '@drayage/core';
import type { Platform, PrepullImage } from '@drayage/core';
import { discoverProject, parseDiscoverySource } from '@drayage/discovery';
import type { DiscoveredImage, DiscoveryProblem } from '@drayage/discovery';
import type { Host } from '../host.ts';
import { choosePlatforms } from './platform-choice.ts';

export interface DiscoverRequest {
  /** Files, each optionally prefixed with its kind. */
  readonly from: readonly string[];
  /** The platform of the engine that gets the images. */
  readonly platform: Platform;
  /** Further platforms that the images are wanted for, as `dray lock` does. */
  readonly morePlatforms: readonly Platform[];
  /** Problems of severity `error` end the run. */
  readonly strict: boolean;
  readonly warn: (message: string) => void;
  readonly signal: AbortSignal;
}

/**
 * The images that files name, with their places; all files together are one project. Problems, and images
 * of another platform, are warnings.
 * @throws UsageError `DISCOVERY_FAILED` for a file that cannot be read, and with `strict` for an unknown
 *   image
 */
export async function discoveredImages(
  { from, platform, morePlatforms, strict, warn, signal }: DiscoverRequest,
  { env }: Pick<Host, 'env'>,
): Promise<readonly PrepullImage[]> {
  const sources = from.map(parseDiscoverySource);
  const { images, problems } = await discoverProject(sources, {
    env,
    platform: formatPlatform(platform),
    signal,
  });
  const isFatal = ({ severity }: DiscoveryProblem): boolean => strict && severity === 'error';
  for (const problem of problems) if (!isFatal(problem)) warn(problemText(problem));
  const errors = problems.filter(isFatal);
  if (errors.length > 0) throw notUnderstood(errors);
  const choice = choosePlatforms(images, [platform, ...morePlatforms]);
  for (const reason of choice.leftOut) warn(reason);
  return choice.images.map(toImage);
}

/** `compose.yaml:12: service db: …`. */
function problemText({ file, line, what, reason, hint }: DiscoveryProblem): string {
  const place = line === undefined ? file : `${file}:${line}`;
  return `${place}: ${what}: ${reason}${hint === undefined ? '' : ` (${hint})`}`;
}

function toImage({ text, file, line, what, isOptional }: DiscoveredImage): PrepullImage {
  return { ...fixedImage(parseReference(text), isOptional ?? false), origin: `${file}:${line} ${what}` };
}

function notUnderstood(errors: readonly DiscoveryProblem[]): UsageError {
  return new UsageError(
    'DISCOVERY_FAILED',
    `cannot discover every image: ${errors.map(problemText).join('; ')}`,
    {
      hint: 'Correct the file, or omit --strict to continue with the other images.',
      details: { problems: errors },
    },
  );
}
