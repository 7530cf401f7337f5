import {
  UsageError,
  fixedImage,
  parseReference,
  formatPlatform,
  parsePlatform,
  platformMatches,
  type Platform,
  type PrepullImage,
} from '@drayage/core';
import { discoverImages, parseDiscoverySource } from '@drayage/discovery';
import type { DiscoveredImage, Discovery, DiscoveryProblem } from '@drayage/discovery';
import type { Host } from '../host.ts';

export interface DiscoverRequest {
  /** Files, each perhaps with its kind before it. */
  readonly from: readonly string[];
  readonly platform: Platform;
  /** What could not be understood is an error. */
  readonly strict: boolean;
  readonly warn: (message: string) => void;
  readonly signal: AbortSignal;
}

/**
 * The images that files name, with their places. What could not be understood is warned of.
 * @throws UsageError `DISCOVERY_FAILED` for a file that cannot be read, and with `strict` for an image that could not be told
 */
export async function discoveredImages(
  { from, platform, strict, warn, signal }: DiscoverRequest,
  { env }: Pick<Host, 'env'>,
): Promise<readonly PrepullImage[]> {
  const images: PrepullImage[] = [];
  const errors: DiscoveryProblem[] = [];
  for (const source of from) {
    const { path, ...how } = parseDiscoverySource(source);
    const discovery: Discovery = await discoverImages(path, { env, ...how, signal });
    for (const problem of discovery.problems) {
      if (strict && problem.severity === 'error') errors.push(problem);
      else warn(problemText(problem));
    }
    images.push(...discovery.images.flatMap((image) => toImage(image, platform, warn)));
  }
  if (errors.length > 0) throw notUnderstood(errors);
  return images;
}

/** `compose.yaml:12: service db: …`. */
function problemText({ file, line, what, reason, hint }: DiscoveryProblem): string {
  const place = line === undefined ? file : `${file}:${line}`;
  return `${place}: ${what}: ${reason}${hint === undefined ? '' : ` (${hint})`}`;
}

function toImage(
  found: DiscoveredImage,
  platform: Platform,
  warn: (message: string) => void,
): readonly PrepullImage[] {
  const place = `${found.file}:${found.line}`;
  const wanted = found.platform === undefined ? undefined : parsePlatform(found.platform);
  if (wanted !== undefined && !platformMatches(platform, wanted)) {
    const [asked, taken] = [formatPlatform(wanted), formatPlatform(platform)];
    warn(`${place}: ${found.what}: ${found.text} is asked for as ${asked}; it is pre-pulled as ${taken}`);
  }
  const image = fixedImage(parseReference(found.text));
  return [{ ...image, origin: `${place} ${found.what}` }];
}

function notUnderstood(errors: readonly DiscoveryProblem[]): UsageError {
  return new UsageError(
    'DISCOVERY_FAILED',
    `cannot tell every image: ${errors.map(problemText).join('; ')}`,
    {
      hint: 'Correct what is named, or leave out --strict to go on with the other images.',
      details: { problems: errors },
    },
  );
}
