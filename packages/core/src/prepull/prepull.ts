import { hostname } from 'node:os';
import { packedLayers } from '../bundle/packed-layers.ts';
import { summarizeError } from '../error-summary.ts';
import { createPool } from '../handover/pool.ts';
import { isAbsence } from '../image-set/locate-image.ts';
import { distinctImages, type PrepullImage } from '../image-set/prepull-image.ts';
import type { Platform } from '../image/platform.ts';
import { familiarReference } from '../image/reference.ts';
import { startStatus, type StatusWriter } from '../rendezvous/status-writer.ts';
import type { DocumentStore, Transport } from '../transport.ts';
import type { BundleContext, FetchImage, ImageOrigin } from './bundle-context.ts';
import type { PrepullEvent } from './events.ts';
import { imageStatus, pendingStatus } from './image-status.ts';
import { createIndexWriter, type IndexWriter } from './index-writer.ts';
import { readEarlierPacks, startPacking } from './pack-images.ts';
import type { PackingOptions } from './packing.ts';
import { prepullOutcome, type PrepullImageReport, type PrepullReport } from './report.ts';
import { Tally } from './tally.ts';

export interface PrepullRequest {
  readonly images: readonly PrepullImage[];
  readonly platform: Platform;
  /** Where the images come from: {@link fromRegistry}, {@link fromEngine}. */
  readonly origin: ImageOrigin;
  /** Runs before anything is resolved, while the status document says `running`; what it throws ends the pre-pull as `failed`. */
  readonly prepare?: ((signal: AbortSignal | undefined) => Promise<void>) | undefined;
  /** The bundle on this node, laid out already. */
  readonly bundle: Pick<Transport, 'location' | 'blobs' | 'documents'>;
  /** Makes packs; undefined: the bundle holds layers only. */
  readonly packing?: PackingOptions | undefined;
  /** Where the bundle is handed over; undefined: the bundle itself is the handover location. */
  readonly handover?: Transport | undefined;
  /** Requests at a time. */
  readonly concurrency: number;
  readonly pipeline?: string | undefined;
  readonly leaseMs?: number | undefined;
  readonly heartbeatMs?: number | undefined;
  readonly onEvent?: ((event: PrepullEvent) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The pre-pull: prepares, resolves, fetches, hands over, and keeps the status document honest all along. One image failing does not lose
 * the others. Resolves with the report also when everything failed or `signal` stopped it; rejects only when the handover location cannot be
 * written at the start.
 */
export async function prepull(request: PrepullRequest): Promise<PrepullReport> {
  const startedAt = performance.now();
  const images = distinctImages(request.images);
  const tally = new Tally(request.onEvent);
  const status = await begin(request, images, tally);
  let reports: readonly PrepullImageReport[] = [];
  let failure: unknown;
  try {
    await request.prepare?.(request.signal);
    const run = await createRun(request, status, tally, images.length);
    reports = await Promise.all(images.map((image) => prepullImage(run, image)));
    await run.finish();
  } catch (error) {
    failure = error;
  }
  return finish({ request, status, tally, reports: reports, failure, startedAt });
}

function begin(
  request: PrepullRequest,
  images: readonly PrepullImage[],
  tally: Tally,
): Promise<StatusWriter> {
  return startStatus({
    places: places(request),
    images: new Map(images.map((image) => [image.text, pendingStatus(image)])),
    pipeline: request.pipeline,
    node: hostname(),
    leaseMs: request.leaseMs,
    heartbeatMs: request.heartbeatMs,
    progress: () => tally.progress(),
    onRenewalFailed: (error) => {
      const message = `cannot renew the status document: ${summarizeError(error).message}`;
      tally.emit({ type: 'warning', message });
    },
  });
}

interface Run {
  readonly context: BundleContext;
  readonly fetchImage: FetchImage;
  readonly indexes: readonly IndexWriter[];
  readonly status: StatusWriter;
  finish(): Promise<void>;
}

async function createRun(
  request: PrepullRequest,
  status: StatusWriter,
  tally: Tally,
  images: number,
): Promise<Run> {
  const { packing, signal } = request;
  const { blobs, location, documents } = request.bundle;
  const emit = (event: PrepullEvent): void => {
    tally.emit(event);
  };
  const earlier = packing === undefined ? [] : await readEarlierPacks({ blobs, emit, signal }, documents);
  const context: BundleContext = {
    blobs,
    location,
    form: packing?.form ?? 'layers',
    packed: new Set(packing?.repack === true ? [] : packedLayers(earlier).keys()),
    handover: request.handover,
    platform: request.platform,
    pool: createPool(request.concurrency),
    inFlight: new Map(),
    emit,
    signal,
  };
  const fetchImage = request.origin(context);
  const indexes = places(request).map(createIndexWriter);
  if (packing === undefined) {
    return { context, fetchImage, indexes, status, finish: () => Promise.resolve() };
  }
  const run = startPacking({ options: packing, context, fetchImage, earlier, indexes, documents, images });
  return { context, ...run, indexes, status };
}

async function prepullImage(run: Run, image: PrepullImage): Promise<PrepullImageReport> {
  const startedAt = performance.now();
  let report: PrepullImageReport;
  try {
    const { entry, ...fetched } = await run.fetchImage(image, () => undefined);
    for (const index of run.indexes) {
      await index.add(entry);
      for (const reference of image.alsoNamed) await index.add({ ...entry, reference });
    }
    const reference = entry.reference === undefined ? image.text : familiarReference(entry.reference);
    report = { reference, ...askedAs(image, reference), state: 'ready', ...fetched, ms: elapsed(startedAt) };
  } catch (error) {
    const isSkipped = image.optional && isAbsence(error);
    const failure = { error: summarizeError(error), bytes: 0, layers: 0, ms: elapsed(startedAt) };
    report = { reference: image.text, state: isSkipped ? 'skipped' : 'failed', ...failure };
  }
  run.context.emit({ type: 'image', image: report });
  await recordImage(run, image, report);
  return report;
}

function askedAs({ text }: PrepullImage, reference: string): { readonly askedAs?: string | undefined } {
  return text === reference ? {} : { askedAs: text };
}

/** A cancelled image is not a failed one: it stays pending, and the document's own state says why. */
async function recordImage(
  { context, status }: Run,
  image: PrepullImage,
  report: PrepullImageReport,
): Promise<void> {
  if (context.signal?.aborted === true && report.state === 'failed') return;
  try {
    await status.setImage(image.text, imageStatus(image, report));
  } catch (cause) {
    // The next beat carries the same state; only when the last write fails as well is the pre-pull lost.
    context.emit({
      type: 'warning',
      message: `cannot write the status document: ${summarizeError(cause).message}`,
    });
  }
}

interface Ending {
  readonly request: PrepullRequest;
  readonly status: StatusWriter;
  readonly tally: Tally;
  readonly reports: readonly PrepullImageReport[];
  readonly failure: unknown;
  readonly startedAt: number;
}

async function finish({
  request,
  status,
  tally,
  reports,
  failure,
  startedAt,
}: Ending): Promise<PrepullReport> {
  const isCancelled = request.signal?.aborted === true;
  const ended = failure === undefined ? prepullOutcome(reports) : 'failed';
  const outcome = isCancelled ? 'cancelled' : ended;
  const ownError = failure === undefined || isCancelled ? undefined : summarizeError(failure);
  let error = ownError;
  try {
    const first = reports.find(({ state }) => state === 'failed')?.error;
    // What is usable is ready: the images that failed say so themselves.
    await status.finish(
      outcome === 'partial' ? 'ready' : outcome,
      outcome === 'failed' ? (ownError ?? first) : undefined,
    );
  } catch (cause) {
    error = summarizeError(cause);
  }
  return {
    outcome: error === undefined || isCancelled ? outcome : 'failed',
    images: reports,
    ...tally.progress(),
    ms: elapsed(startedAt),
    ...(error === undefined ? {} : { error }),
  };
}

function places(request: PrepullRequest): readonly DocumentStore[] {
  return [request.bundle.documents, ...(request.handover === undefined ? [] : [request.handover.documents])];
}

function elapsed(since: number): number {
  return Math.round(performance.now() - since);
}
