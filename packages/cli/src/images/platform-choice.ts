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
 * Leaves out the images that files ask for on a platform that the run does not have. An engine keeps one
 * image under a name: pre-pulled for the platform of the run, it would be the wrong image.
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
    const hint = `(Pre-pull it in a run with --platform ${image.platform ?? ''}.)`;
    return `${subject}: this run is for ${ours} ${hint}`;
  }
  const other = `${placeOf(winner)} (${winner.what}) asks for the same name`;
  return `${subject}: ${other}, and ${ours} wins because this run is for it`;
}

function placeOf({ file, line }: DiscoveredImage): string {
  return `${file}:${String(line)}`;
}
