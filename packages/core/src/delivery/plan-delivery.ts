import type { Engine, EngineInfo, LoadableImage } from '../engine.ts';
import type { Digest } from '../image/digest.ts';
import { formatPlatform, type Platform } from '../image/platform.ts';
import { platformRuns } from '../image/select-platform.ts';
import type { DeliveryKind, LayerCounts } from './report.ts';
import { expectedEngineImageId, isSameImage, layersToOmit } from './thin-plan.ts';

/** An engine, and the facts queried once for all images. */
export interface EngineView {
  readonly engine: Engine;
  readonly info: EngineInfo;
  /** The result of `listChainIds`. */
  readonly knownChainIds: ReadonlySet<Digest>;
  /** Why packs would be mounted here; undefined: they would not, or there are none. */
  readonly mounting?: string | undefined;
}

/** The planned delivery of an image. */
export interface DeliveryPlan {
  readonly delivery: DeliveryKind;
  /** The reason, as a fragment of a sentence. */
  readonly reason: string;
  readonly layers: LayerCounts;
  /** Bytes of the layers to send. */
  readonly bytesToSend: number;
}

/** Plans from the engine's images and changes nothing. `platform` is the image's. */
export async function planDelivery(
  { engine, info, knownChainIds, mounting }: EngineView,
  image: LoadableImage,
  platform: Platform,
  signal?: AbortSignal,
): Promise<DeliveryPlan> {
  const total = image.layers.length;
  const there = { layers: { total, sent: 0, skipped: total }, bytesToSend: 0 };
  if (!platformRuns(info.platform, platform)) {
    const reason = `the engine runs ${formatPlatform(info.platform)}, the image is for ${formatPlatform(platform)}`;
    return { delivery: 'none', reason, layers: { total, sent: 0, skipped: 0 }, bytesToSend: 0 };
  }
  const isThere = async (name: Parameters<Engine['inspect']>[0]): Promise<boolean> => {
    const found = await engine.inspect(name, signal);
    return found !== undefined && isSameImage(found, image, info);
  };
  if (image.reference !== undefined && (await isThere(image.reference))) {
    return { delivery: 'present', reason: 'the engine has it', ...there };
  }
  if (await isThere(expectedEngineImageId(image, info))) {
    return { delivery: 'present', reason: 'the engine has it under another name', ...there };
  }
  if (mounting !== undefined) return { delivery: 'mount', reason: mounting, ...there };
  return { delivery: 'load', ...missingLayers(image, knownChainIds) };
}

function missingLayers(image: LoadableImage, known: ReadonlySet<Digest>): Omit<DeliveryPlan, 'delivery'> {
  const omit = layersToOmit(image.diffIds, known);
  const total = image.layers.length;
  const missing = image.layers.filter((_, position) => !omit.has(position));
  const reason =
    omit.size === 0 ? 'the engine has none of its layers' : `the engine has ${omit.size} of ${total} layers`;
  return {
    reason,
    layers: { total, sent: missing.length, skipped: omit.size },
    bytesToSend: missing.reduce((sum, { size }) => sum + size, 0),
  };
}
