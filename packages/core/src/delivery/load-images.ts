import type { BundleEntry } from '../bundle/bundle-index.ts';
import type { LoadableImage } from '../engine.ts';
import { DrayError, EngineError, reasonOf } from '../errors.ts';
import { createPool } from '../handover/pool.ts';
import { chainIds } from '../image/chain-id.ts';
import type { Digest } from '../image/digest.ts';
import type { DeliveryContext } from './context.ts';
import { deliverImage, prepareImage, type PreparedImage } from './deliver-image.ts';
import { loadLayers } from './load-layers.ts';
import { planLoads, type ImageLoad, type LoadPart } from './load-plan.ts';
import { partialImage, partLabel } from './partial-image.ts';
import type { DeliveryImageReport } from './report.ts';
import { expectedEngineImageId, layersToOmit } from './thin-plan.ts';

/** Loads at a time: while the engine extracts one or two, others are sent. */
const loadsAtATime = 4;

/** From this size on (bytes, as stored) layers are loaded as a part of their own. */
const partBytes = 32_000_000;

/** No load takes this long (ms). */
const abandonedMs = 6 * 3_600_000;

type ToLoad = PreparedImage & { readonly image: LoadableImage; readonly present: number };

/**
 * Makes images of the bundle available in the engine: a look at each, then the loads, several at a time. Each
 * layer is sent once. `onReport` gets the report of each image when it is done; reports state failures.
 */
export async function loadImages(
  context: DeliveryContext,
  entries: readonly BundleEntry[],
  onReport: (report: DeliveryImageReport) => void,
): Promise<void> {
  const toLoad: ToLoad[] = [];
  for (const entry of entries) {
    const prepared = await prepareImage(context, entry);
    const { image, report } = prepared;
    if (report !== undefined) onReport(report);
    else if (image !== undefined) {
      const present = layersToOmit(image.diffIds, await context.knownChainIds()).size;
      toLoad.push({ ...prepared, image, present });
    }
  }
  await new Loads(context).run(toLoad, onReport);
}

/** The loads of one round. Parts are removed at its end: their layers belong to images by then. */
class Loads {
  readonly #context: DeliveryContext;
  readonly #pool = createPool(loadsAtATime);
  /** Settles when the engine has the layers that a chainId names. */
  readonly #coming = new Map<Digest, Promise<void>>();
  readonly #partIds: Digest[] = [];
  readonly #startedAt = new Date().toISOString();

  constructor(context: DeliveryContext) {
    this.#context = context;
  }

  async run(toLoad: readonly ToLoad[], onReport: (report: DeliveryImageReport) => void): Promise<void> {
    const plan = planLoads(toLoad, partBytes);
    // The pool starts loads in this order, so what a load waits for has started before it.
    await Promise.all(
      toLoad.map(async (prepared, index) => {
        const load = plan[index];
        if (load !== undefined) onReport(await this.#loadImage(prepared, load));
      }),
    );
    await this.#removeParts();
  }

  async #loadImage(prepared: ToLoad, { parts, from, under }: ImageLoad): Promise<DeliveryImageReport> {
    let bytes = 0;
    for (const part of parts) {
      this.#announce(
        part.chainId,
        this.#pool.run(async () => {
          const sent = await this.#loadPart(prepared, part);
          bytes += sent;
        }),
      );
    }
    const layers = parts.reduce((sum, part) => sum + part.end - part.from, 0);
    const areThere = this.#arrival(under);
    const sentInParts = { layers, bytes: () => bytes };
    const loaded = this.#pool.run(() =>
      deliverImage(this.#context, prepared, { present: prepared.present, from, areThere, sentInParts }),
    );
    const { diffIds } = prepared.image;
    const top = chainIds(diffIds).at(-1);
    if (top !== undefined && !this.#coming.has(top)) this.#announce(top, loaded.then(throwIfUndelivered));
    return loaded;
  }

  async #loadPart({ image, reference, present }: ToLoad, part: LoadPart): Promise<number> {
    const context = this.#context;
    const lower = { present, from: part.from, areThere: this.#arrival(part.under) };
    const loaded = await loadLayers(
      context,
      partialImage(image, part.end, this.#startedAt),
      reference,
      lower,
    );
    this.#partIds.push(expectedEngineImageId(loaded.image, context.info));
    return loaded.bytesSent;
  }

  #announce(chainId: Digest, arrival: Promise<void>): void {
    this.#coming.set(chainId, arrival);
    arrival.catch(() => undefined);
  }

  /** Its failure makes the load that needs these layers send everything itself. */
  #arrival(chainId: Digest | undefined): Promise<void> | undefined {
    const arrival = chainId === undefined ? undefined : this.#coming.get(chainId);
    const checked = arrival?.catch((error: unknown) => {
      const message = `cannot use the layers that another load was to bring: ${reasonOf(error)}`;
      throw new EngineError('ENGINE_LAYER_MISSING', message, { cause: error });
    });
    checked?.catch(() => undefined);
    return checked;
  }

  async #removeParts(): Promise<void> {
    const { engine, emit } = this.#context;
    if (this.#partIds.length === 0) return;
    // Those of loads that were killed. Best effort: an engine runs one such removal at a time.
    await engine.removeUnnamed(partLabel, abandonedMs).catch(() => undefined);
    await Promise.all(
      this.#partIds.map((id) =>
        engine.remove(id).catch((error: unknown) => {
          emit({ type: 'warning', message: `an image that only brought layers is left: ${reasonOf(error)}` });
        }),
      ),
    );
  }
}

function throwIfUndelivered({ reference, error }: DeliveryImageReport): void {
  if (error !== undefined)
    throw new DrayError('NOT_AVAILABLE', `${reference} was not loaded: ${error.message}`);
}
