import { createDirectoryTransport } from '../handover/directory-transport.ts';
import { distinctImages, fixedImage, type PrepullImage } from '../image-set/prepull-image.ts';
import { hostPlatform, type Platform } from '../image/platform.ts';
import { parseReference } from '../image/reference.ts';
import type { Source } from '../source.ts';
import { initLayout } from '../store/layout.ts';
import type { Transport } from '../transport.ts';
import type { ImageOrigin } from './bundle-context.ts';
import { fromRegistry } from './from-registry.ts';
import { prepull, type PrepullRequest } from './prepull.ts';
import type { PrepullReport } from './report.ts';

type Settings = Omit<
  PrepullRequest,
  'images' | 'origin' | 'bundle' | 'handover' | 'platform' | 'concurrency'
>;

export interface PrepullOptions extends Settings {
  /** Registries, or another source of images, such as an engine. */
  readonly from: Source | ImageOrigin;
  /**
   * The bundle: a directory, created if missing, or an open bundle; and the handover location, if that is
   * elsewhere.
   */
  readonly to:
    | string
    | { readonly bundle: string | PrepullRequest['bundle']; readonly handover?: Transport | undefined };
  /** Default: this machine's architecture, with Linux as the system. */
  readonly platform?: Platform | undefined;
  /** Concurrent requests (default 6). */
  readonly concurrency?: number | undefined;
}

/**
 * Fetches images into a bundle and publishes its progress, so that another job can wait for them. Images are
 * names such as `redis:7`, or parsed requests, each text once.
 * @throws DrayError when the bundle or the handover location cannot be written at all; UsageError
 * `REFERENCE_INVALID`. The report lists images that fail.
 */
export async function prepullImages(
  images: readonly string[] | readonly PrepullImage[],
  { from, to, platform, concurrency = 6, ...settings }: PrepullOptions,
): Promise<PrepullReport> {
  const wanted = areNames(images) ? distinctImages(images.map(imageNamed)) : images;
  const { bundle, handover } = typeof to === 'string' ? { bundle: to, handover: undefined } : to;
  return prepull({
    ...settings,
    images: wanted,
    origin: typeof from === 'function' ? from : fromRegistry(from),
    bundle: typeof bundle === 'string' ? await makeBundle(bundle) : bundle,
    handover,
    platform: platform ?? hostPlatform(),
    concurrency,
  });
}

async function makeBundle(directory: string): Promise<PrepullRequest['bundle']> {
  await initLayout(directory);
  return createDirectoryTransport(directory);
}

function areNames(images: readonly string[] | readonly PrepullImage[]): images is readonly string[] {
  return typeof images[0] === 'string';
}

function imageNamed(name: string): PrepullImage {
  return fixedImage(parseReference(name));
}
