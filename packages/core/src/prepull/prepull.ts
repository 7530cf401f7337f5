import { hostname } from 'node:os';
import type { BlobStore } from '../blob-store.ts';
import { summarizeError } from '../error-summary.ts';
import type { ErrorSummary } from '../error-summary.ts';
import { isDrayError } from '../errors.ts';
import { createPool } from '../handover/pool.ts';
import type { Digest } from '../image/digest.ts';
import type { Platform } from '../image/platform.ts';
import { familiarReference, formatReference } from '../image/reference.ts';
import type { Reference } from '../image/reference.ts';
import { startStatus } from '../rendezvous/status-writer.ts';
import type { StatusWriter } from '../rendezvous/status-writer.ts';
import type { Source } from '../source.ts';
import type { DocumentStore, Transport } from '../transport.ts';
import type { PrepullEvent } from './events.ts';
import { fetchImage } from './fetch-image.ts';
import type { FetchContext } from './fetch-image.ts';
import { createIndexWriter } from './index-writer.ts';
import type { IndexWriter } from './index-writer.ts';
import { prepullOutcome } from './report.ts';
import type { PrepullImageReport, PrepullReport } from './report.ts';

export interface PrepullImage {
  readonly reference: Reference;
  /** When no such image exists, it is skipped without a fuss. */
  readonly optional: boolean;
}

export interface PrepullRequest {
  readonly images: readonly PrepullImage[];
  readonly platform: Platform;
  readonly source: Source;
  /** The bundle on this node, laid out already. */
  readonly bundle: {
    readonly location: string;
    readonly blobs: BlobStore;
    readonly documents: DocumentStore;
  };
  /** Where the bundle is handed over; undefined: the bundle itself is the meeting place. */
  readonly handover?: Transport | undefined;
  /** Requests at a time. */
  readonly concurrency: number;
  readonly pipeline?: string | undefined;
  readonly leaseMs?: number | undefined;
  readonly beatMs?: number | undefined;
  readonly onEvent?: (event: PrepullEvent) => void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The pre-pull: resolves, fetches, hands over, and keeps the status document honest all along. One image failing does not lose the
 * others. Resolves with the report also when everything failed or `signal` stopped it; rejects only when the meeting place cannot be
 * written at the start.
 */
export async function prepull(request: PrepullRequest): Promise<PrepullReport> {
  const startedAt = performance.now();
  const images = distinctImages(request.images);
  const tally = new Tally(request.onEvent);
  const status = await startStatus({
    places: places(request),
    references: images.map(({ reference }) => formatReference(reference)),
    pipeline: request.pipeline,
    node: hostname(),
    leaseMs: request.leaseMs,
    beatMs: request.beatMs,
    progress: () => tally.progress(),
    onRenewalFailed: (error) => {
      tally.emit({
        type: 'warning',
        message: `cannot renew the status document: ${summarizeError(error).message}`,
      });
    },
  });
  const run = createRun(request, status, tally);
  const reports = await Promise.all(images.map((image) => prepullImage(run, image)));
  const isCancelled = request.signal?.aborted === true;
  const outcome = isCancelled ? 'cancelled' : prepullOutcome(reports);
  const error = await finishStatus(status, outcome, reports);
  return {
    outcome: error === undefined || isCancelled ? outcome : 'failed',
    images: reports,
    ...tally.progress(),
    ms: elapsed(startedAt),
    ...(error === undefined ? {} : { error }),
  };
}

interface Run {
  readonly context: FetchContext;
  readonly indexes: readonly IndexWriter[];
  readonly status: StatusWriter;
}

function createRun(request: PrepullRequest, status: StatusWriter, tally: Tally): Run {
  const context: FetchContext = {
    source: request.source,
    blobs: request.bundle.blobs,
    location: request.bundle.location,
    handover: request.handover,
    platform: request.platform,
    pool: createPool(request.concurrency),
    inFlight: new Map(),
    emit: (event) => {
      tally.emit(event);
    },
    signal: request.signal,
  };
  return { context, indexes: places(request).map(createIndexWriter), status };
}

async function prepullImage(
  { context, indexes, status }: Run,
  image: PrepullImage,
): Promise<PrepullImageReport> {
  const startedAt = performance.now();
  const names = { reference: familiarReference(image.reference) };
  let report: PrepullImageReport;
  try {
    const { entry, ...fetched } = await fetchImage(context, image.reference);
    for (const index of indexes) await index.add(entry);
    report = { ...names, state: 'ready', ...fetched, ms: elapsed(startedAt) };
  } catch (error) {
    const isSkipped = image.optional && isDrayError(error, 'REGISTRY_NOT_FOUND');
    const failure = { error: summarizeError(error), bytes: 0, layers: 0, ms: elapsed(startedAt) };
    report = { ...names, state: isSkipped ? 'skipped' : 'failed', ...failure };
  }
  context.emit({ type: 'image', image: report });
  await recordImage({ context, indexes, status }, image.reference, report);
  return report;
}

/** A cancelled image is not a failed one: it stays pending, and the document's own state says why. */
async function recordImage(
  { context, status }: Run,
  reference: Reference,
  report: PrepullImageReport,
): Promise<void> {
  if (context.signal?.aborted === true && report.state === 'failed') return;
  const { state, manifestDigest, configDigest, bytes, error } = report;
  const digests: { manifestDigest?: Digest; configDigest?: Digest } = {};
  if (manifestDigest !== undefined) digests.manifestDigest = manifestDigest;
  if (configDigest !== undefined) digests.configDigest = configDigest;
  const image = {
    reference: formatReference(reference),
    state,
    ...digests,
    bytes,
    ...(error === undefined ? {} : { error }),
  };
  try {
    await status.setImage(image);
  } catch (cause) {
    // The next beat carries the same state; only when the last write fails as well is the pre-pull lost.
    context.emit({
      type: 'warning',
      message: `cannot write the status document: ${summarizeError(cause).message}`,
    });
  }
}

async function finishStatus(
  status: StatusWriter,
  outcome: PrepullReport['outcome'],
  reports: readonly PrepullImageReport[],
): Promise<ErrorSummary | undefined> {
  try {
    if (outcome === 'cancelled') await status.finish('cancelled');
    else if (outcome === 'failed')
      await status.finish('failed', reports.find(({ state }) => state === 'failed')?.error);
    else await status.finish('ready');
    return undefined;
  } catch (error) {
    return summarizeError(error);
  }
}

/** Counts bytes for the status document while passing events on. */
class Tally {
  readonly #listener: ((event: PrepullEvent) => void) | undefined;
  #bytesFetched = 0;
  #bytesReused = 0;

  constructor(listener: ((event: PrepullEvent) => void) | undefined) {
    this.#listener = listener;
  }

  emit(event: PrepullEvent): void {
    if (event.type === 'bytes') this.#bytesFetched += event.count;
    if (event.type === 'blob') this.#bytesReused += Math.max(0, event.descriptor.size - event.bytesFetched);
    this.#listener?.(event);
  }

  progress(): { readonly bytesFetched: number; readonly bytesReused: number } {
    return { bytesFetched: this.#bytesFetched, bytesReused: this.#bytesReused };
  }
}

function places(request: PrepullRequest): readonly DocumentStore[] {
  return [request.bundle.documents, ...(request.handover === undefined ? [] : [request.handover.documents])];
}

function distinctImages(images: readonly PrepullImage[]): readonly PrepullImage[] {
  const byName = new Map<string, PrepullImage>();
  for (const image of images) {
    const name = formatReference(image.reference);
    // Asked for twice, once as required: then it is required.
    const optional = image.optional && (byName.get(name)?.optional ?? true);
    byName.set(name, { ...image, optional });
  }
  return [...byName.values()];
}

function elapsed(since: number): number {
  return Math.round(performance.now() - since);
}
