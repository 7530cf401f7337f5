import { randomUUID } from 'node:crypto';
import type { ErrorSummary } from '../error-summary.ts';
import type { DocumentStore } from '../transport.ts';
import { formatStatus } from './status.ts';
import type { PrepullState, StatusDocument, StatusImage, StatusProgress } from './status.ts';

/** How long a waiter trusts an unchanged heartbeat (ms). */
const defaultLeaseMs = 30_000;
const defaultHeartbeatMs = 5_000;

export interface StatusWriterOptions {
  /** Stores for the document: the bundle and, if there is one, the handover location. */
  readonly places: readonly DocumentStore[];
  /** The images as known at the start, by their requested text. */
  readonly images: ReadonlyMap<string, StatusImage>;
  readonly pipeline?: string | undefined;
  readonly node?: string | undefined;
  readonly leaseMs?: number | undefined;
  readonly heartbeatMs?: number | undefined;
  /** Read at every heartbeat. */
  readonly progress: () => StatusProgress;
  /** Called when a renewal fails; the pre-pull goes on. */
  readonly onRenewalFailed?: ((error: unknown) => void) | undefined;
}

/** Keeps the status document current while a pre-pull runs. */
export interface StatusWriter {
  /** Records the state of the image requested as `text`, and writes the document. */
  setImage(text: string, image: StatusImage): Promise<void>;
  /** Writes the final state and stops. Pending images stay pending. */
  finish(state: Exclude<PrepullState, 'running'>, error?: ErrorSummary): Promise<void>;
}

/**
 * Writes `running` to every location and renews it until {@link StatusWriter.finish}. Rejects when a location
 * cannot be written.
 */
export async function startStatus(options: StatusWriterOptions): Promise<StatusWriter> {
  const writer = new HeartbeatWriter(options);
  await writer.write();
  writer.startHeartbeat(options.heartbeatMs ?? defaultHeartbeatMs);
  return writer;
}

class HeartbeatWriter implements StatusWriter {
  readonly #options: StatusWriterOptions;
  readonly #images: Map<string, StatusImage>;
  #document: StatusDocument;
  #timer: NodeJS.Timeout | undefined;
  // Queues writes, so that an older state never overwrites a newer one.
  #writing: Promise<void> = Promise.resolve();

  constructor(options: StatusWriterOptions) {
    this.#options = options;
    this.#images = new Map(options.images);
    const now = new Date().toISOString();
    this.#document = {
      version: 1,
      runId: randomUUID(),
      state: 'running',
      beat: 0,
      leaseMs: options.leaseMs ?? defaultLeaseMs,
      startedAt: now,
      updatedAt: now,
      pipeline: options.pipeline,
      node: options.node,
      progress: options.progress(),
      images: [...this.#images.values()],
    };
  }

  startHeartbeat(heartbeatMs: number): void {
    this.#timer = setInterval(() => {
      this.write().catch((error: unknown) => this.#options.onRenewalFailed?.(error));
    }, heartbeatMs);
    this.#timer.unref();
  }

  async setImage(text: string, image: StatusImage): Promise<void> {
    this.#images.set(text, image);
    await this.write();
  }

  async finish(state: Exclude<PrepullState, 'running'>, error?: ErrorSummary): Promise<void> {
    clearInterval(this.#timer);
    this.#document = { ...this.#document, state, ...(error === undefined ? {} : { error }) };
    await this.write();
  }

  write(): Promise<void> {
    const next = this.#writing.then(() => this.#writeNow());
    this.#writing = next.catch(() => undefined);
    return next;
  }

  async #writeNow(): Promise<void> {
    this.#document = {
      ...this.#document,
      beat: this.#document.beat + 1,
      updatedAt: new Date().toISOString(),
      progress: this.#options.progress(),
      images: [...this.#images.values()],
    };
    const bytes = formatStatus(this.#document);
    await Promise.all(this.#options.places.map((place) => place.write('dray-status.json', bytes)));
  }
}
