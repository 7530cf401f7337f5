import type { BundleIndex } from '../bundle/bundle-index.ts';
import { packedLayers, readPacks } from '../bundle/packed-layers.ts';
import { summarizeError, type ErrorSummary } from '../error-summary.ts';
import type { Engine, EngineInfo } from '../engine.ts';
import { DrayError, isDrayError, reasonOf } from '../errors.ts';
import { packArtifactType } from '../bundle/pack-types.ts';
import { createPool } from '../handover/pool.ts';
import type { Digest } from '../image/digest.ts';
import { familiarReference } from '../image/reference.ts';
import {
  imageAvailabilities,
  decisionReason,
  type ImageAvailability,
} from '../rendezvous/image-availability.ts';
import { watch, type StatusSnapshot } from '../rendezvous/watch.ts';
import { decideWay, whyNotMounted, type WayDecision } from './decide-way.ts';
import type { DeliveryContext, DeliveryRun } from './context.ts';
import type { DeliveryEvent } from './events.ts';
import { loadImages } from './load-images.ts';
import { mountImages, type MountedImages } from './mount-images.ts';
import type { DeliveryOptions } from './options.ts';
import { pullImage } from './pull-image.ts';
import { deliveryOutcome, undelivered, type DeliveryImageReport, type DeliveryReport } from './report.ts';
import { asksForMounts, type WayFacts } from './way-facts.ts';

/**
 * The deploy side: waits for the pre-pull, delivers each image as soon as it is ready, and reports. The
 * report states failures; rejects only when aborted, or on an unexpected error.
 */
export async function deliver(options: DeliveryOptions): Promise<DeliveryReport> {
  const run = new Delivery(options);
  try {
    await run.deliverAsTheyCome();
  } catch (error) {
    if (!(error instanceof DrayError) || options.signal?.aborted === true) throw error;
    run.giveUp(summarizeError(error));
  }
  await run.pullMissing();
  const report = run.report();
  if (report.outcome === 'hit') await sweep(options);
  return report;
}

/** Everything that could continue an unfinished file of an earlier run has been received. */
async function sweep({ handover, local, signal }: DeliveryOptions): Promise<void> {
  if (handover.blobs !== local.blobs) await local.sweep?.(signal).catch(() => undefined);
}

class Delivery {
  readonly #options: DeliveryOptions;
  readonly #startedAt = performance.now();
  readonly #run: DeliveryRun;
  readonly #done = new Map<string, DeliveryImageReport>();
  #waitedMs = 0;
  /** The engine that gets the images: the given one, or a private engine once images are mounted there. */
  #engine: Engine;
  #info: EngineInfo | undefined;
  #dockerHost: string | undefined;
  #context: DeliveryContext | undefined;
  /** Mounting is tried once: images that arrive later are loaded. */
  #isMountingOver = false;
  #decision: WayDecision | undefined;
  #hasWarnedOfNoPacks = false;
  #last: StatusSnapshot | undefined;
  #error: ErrorSummary | undefined;

  constructor(options: DeliveryOptions) {
    this.#options = options;
    this.#engine = options.engine;
    const { packs, handover, local, concurrency, signal } = options;
    const emit = (event: DeliveryEvent): void => {
      this.#emit(event);
    };
    this.#run = { handover, local, packs, pool: createPool(concurrency), emit, signal };
  }

  async deliverAsTheyCome(): Promise<void> {
    const { handover } = this.#options;
    const [info] = await Promise.all([this.#describe(), this.#warmUp()]);
    this.#info = info;
    let lookedAt = performance.now();
    for await (const snapshot of watch(handover.documents, this.#options)) {
      this.#waitedMs += performance.now() - lookedAt;
      this.#last = snapshot;
      this.#emit({ type: 'waiting', decision: snapshot.decision, status: snapshot.status });
      if (await this.#deliverReady(snapshot)) return;
      lookedAt = performance.now();
    }
  }

  giveUp(error: ErrorSummary): void {
    this.#error = error;
  }

  /** Makes the engine pull the images that the bundle lacked, if that is requested. */
  async pullMissing(): Promise<void> {
    const { onMiss, delivery, signal } = this.#options;
    const info = this.#info;
    if (info === undefined || (onMiss !== 'pull' && delivery !== 'pull')) return;
    for (const { name, reference } of this.#wanted()) {
      if (reference === undefined || (this.#done.get(name)?.delivery ?? 'none') !== 'none') continue;
      this.#emit({ type: 'pulling', reference: name });
      this.#record(await pullImage(this.#engine, reference, info, signal));
    }
  }

  report(): DeliveryReport {
    const images = this.#images();
    const outcome = deliveryOutcome(images, this.#options.delivery === 'pull');
    const isQuiet = outcome === 'hit' || (images.length === 0 && this.#isNothingToDo());
    return {
      outcome: isQuiet ? 'hit' : outcome,
      ...(isQuiet ? {} : { reason: this.#reason(images) }),
      ...(!isQuiet && this.#isTimedOut() ? { timedOut: true } : {}),
      ...(this.#decision === undefined ? {} : { choice: this.#decision.choice }),
      images,
      ...(this.#dockerHost === undefined ? {} : { dockerHost: this.#dockerHost }),
      waitedMs: Math.round(this.#waitedMs),
      ms: Math.round(performance.now() - this.#startedAt),
      ...(this.#error === undefined ? {} : { error: this.#error }),
    };
  }

  /** Prepares mounting when the bundle already has packs. */
  async #warmUp(): Promise<void> {
    const { handover, delivery, packs, signal } = this.#options;
    if (packs?.mounting === undefined || !asksForMounts(delivery)) return;
    const bytes = await handover.documents.read('index.json', signal).catch(() => undefined);
    const hasPacks = bytes !== undefined && Buffer.from(bytes).includes(packArtifactType);
    if (hasPacks) (await packs.mounting.open()).warmUp();
  }

  /** Without an engine, do not wait, unless a private engine can be started. */
  async #describe(): Promise<EngineInfo | undefined> {
    try {
      return await this.#engine.describe(this.#options.signal);
    } catch (error) {
      if (!isDrayError(error, 'ENGINE_UNREACHABLE')) throw error;
      const facts = await this.#wayFacts(true);
      const decision = facts === undefined ? undefined : decideWay(facts);
      if (decision?.choice.way === 'mount-private') return undefined;
      this.#decision = decision;
      throw error;
    }
  }

  /** What decides how images are delivered; undefined: nothing can mount here. */
  async #wayFacts(hasPacks: boolean): Promise<WayFacts | undefined> {
    const { packs, delivery } = this.#options;
    const facts = await packs?.mounting?.facts();
    return facts === undefined ? undefined : { ...facts, engine: this.#info, delivery, hasPacks };
  }

  async #createContext(index: BundleIndex | undefined): Promise<DeliveryContext> {
    const { handover, packs, signal } = this.#run;
    const engine = this.#engine;
    const info = (this.#info ??= await engine.describe(signal));
    let known: Promise<Set<Digest>> | undefined;
    const manifests = packs === undefined ? [] : (index?.packs ?? []);
    const readable = await readPacks(handover.blobs, manifests, { onBroken: this.#warnOfPack, signal });
    return {
      ...this.#run,
      engine,
      info,
      packed: packedLayers(readable),
      knownChainIds: () => {
        known ??= engine.listChainIds(signal).then((chainIds) => new Set(chainIds));
        return known;
      },
    };
  }

  /** True when no more images can arrive. */
  async #deliverReady(snapshot: StatusSnapshot): Promise<boolean> {
    const wanted = imageAvailabilities(snapshot, this.#options.only);
    if (wanted === undefined) return false;
    if (this.#options.delivery === 'pull') {
      await this.#decide(snapshot);
      return true;
    }
    const ready = wanted.filter(({ kind, name }) => kind === 'ready' && !this.#done.has(name));
    if (ready.length > 0) await this.#mountReady(snapshot, ready);
    await this.#load(snapshot, ready);
    // A pre-pull without images reports that only at its end.
    return wanted.length > 0 && wanted.every(({ kind }) => kind !== 'coming');
  }

  /** Mounts what can be mounted; the rest is loaded, even after a failure. */
  async #mountReady({ index }: StatusSnapshot, ready: readonly ImageAvailability[]): Promise<void> {
    const { packs, delivery, signal } = this.#options;
    if (this.#isMountingOver || packs?.mounting === undefined || index === undefined) return;
    const facts = await this.#decide({ index });
    if (facts === undefined || !asksForMounts(delivery)) return;
    if (!facts.hasPacks) {
      this.#warnOfNoPacks(decideWay(facts));
      return;
    }
    this.#isMountingOver = true;
    const entries = ready.flatMap((availability) =>
      availability.kind === 'ready' ? [availability.entry] : [],
    );
    try {
      const mounting = { mounting: packs.mounting, packs, engine: this.#engine };
      this.#adopt(await mountImages({ ...this.#run, ...mounting, facts, index, entries }));
    } catch (error) {
      // Loading would circumvent the refusal.
      const isRefused = isDrayError(error, 'PACK_UNTRUSTED');
      if (!isDrayError(error) || isRefused || signal?.aborted === true) throw error;
      this.#warn(`images are loaded instead of mounted: ${reasonOf(error)}`);
    }
  }

  async #decide({ index }: Pick<StatusSnapshot, 'index'>): Promise<WayFacts | undefined> {
    const facts = await this.#wayFacts((index?.packs.length ?? 0) > 0);
    this.#decision = facts === undefined ? undefined : decideWay(facts);
    return facts;
  }

  #warnOfNoPacks(decision: WayDecision): void {
    if (this.#options.delivery !== 'mount' || this.#hasWarnedOfNoPacks) return;
    this.#hasWarnedOfNoPacks = true;
    const remedy = decision.ways[0]?.remedy ?? '';
    this.#warn(`images are loaded instead of mounted: ${whyNotMounted(decision)}. ${remedy}`.trim());
  }

  #adopt({ decision, reports, started }: MountedImages): void {
    this.#decision = decision;
    if (started !== undefined) {
      this.#info = undefined;
      this.#engine = started.engine;
      this.#dockerHost = started.dockerHost;
    }
    this.#context = undefined;
    for (const report of reports) this.#record(report);
  }

  async #load({ index }: StatusSnapshot, ready: readonly ImageAvailability[]): Promise<void> {
    const entries = ready.flatMap((availability) =>
      availability.kind === 'ready' && !this.#done.has(availability.name) ? [availability.entry] : [],
    );
    if (entries.length === 0) return;
    this.#context ??= await this.#createContext(index);
    await loadImages(this.#context, entries, (report) => {
      this.#record(report);
    });
  }

  readonly #warnOfPack = (_: unknown, error: unknown): void => {
    this.#warn(reasonOf(error));
  };

  #warn(message: string): void {
    this.#emit({ type: 'warning', message });
  }

  #record(image: DeliveryImageReport): void {
    this.#done.set(image.reference, image);
    this.#emit({ type: 'image', image });
  }

  /** The reports of all wanted images, in order. */
  #images(): readonly DeliveryImageReport[] {
    return this.#wanted().map((availability) => {
      const error = availability.kind === 'lost' ? availability.error : this.#error;
      return this.#done.get(availability.name) ?? undelivered(availability.name, error);
    });
  }

  /** Without a pre-pull, the local configuration names the wanted images. */
  #wanted(): readonly ImageAvailability[] {
    const { only, expected = [] } = this.#options;
    const wanted = this.#last === undefined ? undefined : imageAvailabilities(this.#last, only);
    const isTold = wanted !== undefined && (wanted.length > 0 || this.#isNothingToDo());
    if (isTold) return wanted.filter(({ kind }) => kind !== 'skipped');
    return (only.length > 0 ? only : expected).map((reference) => ({
      kind: 'coming',
      name: familiarReference(reference),
      reference,
    }));
  }

  /** True when the pre-pull succeeded without images. */
  #isNothingToDo(): boolean {
    const { decision, status } = this.#last ?? {};
    const hasEndedWell =
      decision?.kind === 'ready' || (decision?.kind === 'settled' && status?.state === 'ready');
    return this.#error === undefined && hasEndedWell;
  }

  #isTimedOut(): boolean {
    return this.#error === undefined && this.#last?.decision.kind === 'timeout';
  }

  #reason(images: readonly DeliveryImageReport[]): string {
    if (this.#error !== undefined) return `error: ${this.#error.message}`;
    const { decision } = this.#last ?? {};
    const isEnded = decision !== undefined && !['running', 'ready', 'settled'].includes(decision.kind);
    if (this.#last !== undefined && (isEnded || images.length === 0)) return decisionReason(this.#last);
    const failed = images.find(
      ({ error, delivery }) => error !== undefined || delivery === 'none' || delivery === 'pull',
    );
    return `incomplete: ${failed?.error?.message ?? `${failed?.reference ?? 'an image'} was not in the bundle`}`;
  }

  #emit(event: DeliveryEvent): void {
    this.#options.onEvent?.(event);
  }
}
