import { hostname } from 'node:os';
import { packedLayers } from '../bundle/packed-layers.ts';
import { summarizeError } from '../error-summary.ts';
import { isDrayError } from '../errors.ts';
import type { DirectoryTransport } from '../handover/directory-transport.ts';
import { createPool } from '../handover/pool.ts';
import { isAbsence } from '../image-set/locate-image.ts';
import type { PrepullImage } from '../image-set/prepull-image.ts';
import type { Platform } from '../image/platform.ts';
import { familiarReference, type Reference } from '../image/reference.ts';
import { startStatus, type StatusWriter } from '../rendezvous/status-writer.ts';
import type { DocumentStore, Transport } from '../transport.ts';
import type { BundleContext, FetchedImage, ImageOrigin } from './bundle-context.ts';
import type { PrepullEvent } from './events.ts';
import { imageStatus, pendingStatus } from './image-status.ts';
import { createIndexWriter, type IndexWriter } from './index-writer.ts';
import { readEarlierPacks, startPacking, type PackingRun } from './pack-images.ts';
import type { PackingOptions } from './packing.ts';
import { prepullOutcome, type PrepullImageReport, type PrepullReport } from './report.ts';
import { Tally } from './tally.ts';

export interface PrepullRequest {
  /** Each with a unique text. */
  readonly images: readonly PrepullImage[];
  readonly platform: Platform;
  readonly origin: ImageOrigin;
  /**
   * Runs before anything is resolved, while the status document says `running`. When it throws, the pre-pull
   * ends as `failed`.
   */
  readonly prepare?: ((signal: AbortSignal | undefined) => Promise<void>) | undefined;
  /** The local bundle, with its layout in place. */
  readonly bundle: Omit<DirectoryTransport, 'close'>;
  /** Undefined: make no packs; the bundle holds layers only. */
  readonly packing?: PackingOptions | undefined;
  /** The handover location; undefined: the bundle itself. */
  readonly handover?: Transport | undefined;
  /** Concurrent requests. */
  readonly concurrency: number;
  readonly pipeline?: string | undefined;
  readonly leaseMs?: number | undefined;
  readonly heartbeatMs?: number | undefined;
  readonly onEvent?: ((event: PrepullEvent) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Prepares, resolves, fetches and hands over, and keeps the status document current. A failed image does not
 * stop the others. Resolves with the report even when everything failed or `signal` aborted; rejects only
 * when the handover location cannot be written at the start.
 */
export async function prepull(request: PrepullRequest): Promise<PrepullReport> {
  const startedAt = performance.now();
  const tally = new Tally(request.onEvent);
  const status = await begin(request, tally);
  let reports: readonly PrepullImageReport[] = [];
  let failure: unknown;
  try {
    await request.prepare?.(request.signal);
    const { context, indexes, origin, finish } = await createRun(request, tally);
    const fetches = origin(context, request.images, () => undefined);
    const run = { context, indexes, status };
    reports = await Promise.all([...fetches].map(([image, fetched]) => prepullImage(run, image, fetched)));
    await finish();
  } catch (error) {
    failure = error;
  }
  const report = await finish({ request, status, tally, reports: reports, failure, startedAt });
  if (report.outcome === 'ready') await sweep(request, tally);
  return report;
}

/** Everything that could continue an unfinished file of an earlier run has been fetched. */
async function sweep({ bundle, handover, signal }: PrepullRequest, tally: Tally): Promise<void> {
  for (const location of [bundle, handover]) {
    try {
      await location?.sweep?.(signal);
    } catch (error) {
      const message = `cannot remove unfinished files: ${summarizeError(error).message}`;
      tally.emit({ type: 'warning', message });
    }
  }
}

function begin(request: PrepullRequest, tally: Tally): Promise<StatusWriter> {
  return startStatus({
    places: places(request),
    images: new Map(request.images.map((image) => [image.text, pendingStatus(image)])),
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
  readonly indexes: readonly IndexWriter[];
  readonly status: StatusWriter;
}

async function createRun(
  request: PrepullRequest,
  tally: Tally,
): Promise<Omit<Run, 'status'> & Pick<PackingRun, 'origin' | 'finish'>> {
  const { packing, signal, origin } = request;
  const { blobs, location, documents } = request.bundle;
  const emit = (event: PrepullEvent): void => {
    tally.emit(event);
  };
  const earlier = packing === undefined ? [] : await readEarlierPacks({ blobs, emit, signal }, documents);
  const context: BundleContext = {
    blobs,
    location,
    documents,
    form: packing?.form ?? 'layers',
    packed: new Set(packing?.repack === true ? [] : packedLayers(earlier).keys()),
    handover: request.handover,
    platform: request.platform,
    pool: createPool(request.concurrency),
    inFlight: new Map(),
    elsewhere: new Set(),
    emit,
    signal,
  };
  const indexes = places(request).map(createIndexWriter);
  if (packing === undefined) return { context, origin, indexes, finish: () => Promise.resolve() };
  const images = new Set(request.images).size;
  return {
    ...{ context, indexes },
    ...startPacking({ options: packing, context, origin, earlier, indexes, images }),
  };
}

async function prepullImage(
  run: Run,
  image: PrepullImage,
  fetching: Promise<FetchedImage>,
): Promise<PrepullImageReport> {
  const startedAt = performance.now();
  let report: PrepullImageReport;
  let chosen: Reference | undefined;
  try {
    const { entry, isElsewhere, ...fetched } = await fetching;
    // The first index is that of the bundle.
    for (const index of isElsewhere === true ? run.indexes.slice(1) : run.indexes) {
      await index.add(entry);
      for (const reference of image.alsoNamed) await index.add({ ...entry, reference });
    }
    chosen = entry.reference;
    const reference = chosen === undefined ? image.text : familiarReference(chosen);
    report = { reference, ...askedAs(image, reference), state: 'ready', ...fetched, ms: elapsed(startedAt) };
  } catch (error) {
    const isSkipped = image.optional && isAbsence(error);
    const failure = { error: summarizeError(error), bytes: 0, layers: 0, ms: elapsed(startedAt) };
    report = { reference: image.text, state: isSkipped ? 'skipped' : 'failed', ...failure };
  }
  run.context.emit({ type: 'image', image: report });
  await recordImage(run, image, report, chosen);
  return report;
}

function askedAs({ text }: PrepullImage, reference: string): { readonly askedAs?: string | undefined } {
  return text === reference ? {} : { askedAs: text };
}

/** True when somebody ended the pre-pull; a time limit makes it fail instead. */
function isStopped(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true && !isDrayError(signal.reason, 'TIMED_OUT');
}

/** A cancelled image has not failed: it stays pending, and the document's own state explains why. */
async function recordImage(
  { context, status }: Run,
  image: PrepullImage,
  report: PrepullImageReport,
  chosen: Reference | undefined,
): Promise<void> {
  if (isStopped(context.signal) && report.state === 'failed') return;
  try {
    await status.setImage(image.text, imageStatus(image, report, chosen));
  } catch (cause) {
    // The next heartbeat carries the same state; the pre-pull is lost only when the last write fails too.
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
  const { signal } = request;
  const isCancelled = isStopped(signal);
  const ended = failure === undefined ? prepullOutcome(reports) : 'failed';
  const outcome = isCancelled ? 'cancelled' : ended;
  const isLate = signal?.aborted === true && !isCancelled && ended !== 'ready';
  const lateness = isLate ? summarizeError(signal.reason) : undefined;
  const ownError = failure === undefined || isCancelled ? undefined : summarizeError(failure);
  let error = ownError;
  try {
    const first = reports.find(({ state }) => state === 'failed')?.error;
    // Usable images are ready: those that failed have their own state.
    await status.finish(
      outcome === 'partial' ? 'ready' : outcome,
      outcome === 'failed' ? (ownError ?? lateness ?? first) : undefined,
    );
  } catch (cause) {
    error = summarizeError(cause);
  }
  return {
    outcome: error === undefined || isCancelled ? outcome : 'failed',
    images: reports,
    ...tally.progress(),
    ...(request.handover === undefined ? {} : { sent: tally.sent() }),
    ms: elapsed(startedAt),
    ...((error ?? lateness) === undefined ? {} : { error: error ?? lateness }),
  };
}

function places(request: PrepullRequest): readonly DocumentStore[] {
  return [request.bundle.documents, ...(request.handover === undefined ? [] : [request.handover.documents])];
}

function elapsed(since: number): number {
  return Math.round(performance.now() - since);
}
