import type { LoadableImage } from '../engine.ts';
import { convertManifestToOci } from '../image/converted-manifest.ts';
import { digestOf } from '../image/digest.ts';
import { parseJsonObject } from '../image/json.ts';

/**
 * The label of images that only bring layers. Engines keep those of a load that was killed; later loads remove
 * them, once they are old.
 */
export const partLabel = 'io.drayage.part';

/**
 * An image without a name that consists of the lowest `count` layers of `image`. `created` (RFC 3339) gives it
 * an ID that no other load uses, and its age. Pure.
 */
export function partialImage(image: LoadableImage, count: number, created: string): LoadableImage {
  const { os, architecture, variant } = parseJsonObject(image.configBytes, 'image config');
  const diffIds = image.diffIds.slice(0, count);
  const configBytes = Buffer.from(
    JSON.stringify({
      ...{ os, architecture, variant, created },
      config: { Labels: { [partLabel]: 'true' } },
      rootfs: { type: 'layers', diff_ids: diffIds },
    }),
  );
  const { mediaType } = image.config;
  const config = { mediaType, digest: digestOf(configBytes), size: configBytes.byteLength };
  const layers = image.layers.slice(0, count);
  const { descriptor, bytes } = convertManifestToOci({ config, layers });
  return {
    ...{ reference: undefined, target: descriptor, targetBytes: bytes, innerIndexes: [] },
    ...{ manifest: descriptor, manifestBytes: bytes, config, configBytes, layers, diffIds },
  };
}
