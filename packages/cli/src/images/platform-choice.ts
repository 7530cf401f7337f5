import {
  formatPlatform,
  formatReference,
  parsePlatform,
  parseReference,
  platformMatches,
  type Platform,
} from '@drayage/core';
import type { DiscoveredImage } from '@drayage/discovery';

/** The images of a run, and the reason for each that is left out. */
export interface PlatformChoice {
  readonly images: readonly DiscoveredImage[];
  readonly leftOut: readonly string[];
}

/**
 * Leaves out the images that files ask for on another platform than those of the run. A run has one platform, and an
 * engine keeps one image under a name: pre-pulled for the platform of the run, the image would be the wrong one.
 */
export function choosePlatforms(
  found: readonly DiscoveredImage[],
  platforms: readonly Platform[],
): PlatformChoice {
  const isOurs = ({ platform }: DiscoveredImage): boolean =>
    platform === undefined || platforms.some((ours) => platformMatches(ours, parsePlatform(platform)));
  const images = found.filter(isOurs);
  const winners = new Map<string, DiscoveredImage>();
  for (const image of images) if (!winners.has(canonical(image))) winners.set(canonical(image), image);
  const leftOut = found
    .filter((image) => !isOurs(image))
    .map((image) => reasonText(image, winners.get(canonical(image)), platforms));
  return { images, leftOut };
}

function canonical({ text }: DiscoveredImage): string {
  return formatReference(parseReference(text));
}

function reasonText(
  image: DiscoveredImage,
  winner: DiscoveredImage | undefined,
  platforms: readonly Platform[],
): string {
  const ours = platforms.map(formatPlatform).join(', ');
  const subject = `${placeOf(image)}: ${image.what}: ${image.text} for ${image.platform ?? ''} is left out`;
  if (winner === undefined) {
    return `${subject}: this run is for ${ours} (Pre-pull it in a run with --platform ${image.platform ?? ''}.)`;
  }
  const other = `${placeOf(winner)} (${winner.what}) asks for the same name`;
  return `${subject}: ${other}, and ${ours} wins because this run is for it`;
}

function placeOf({ file, line }: DiscoveredImage): string {
  return `${file}:${String(line)}`;
}
