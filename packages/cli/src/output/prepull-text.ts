import { shortDigest, type PrepullEvent, type PrepullReport } from '@drayage/core';
import { counted, humanDuration, humanSize } from './quantities.ts';

/** The log line for an event; undefined for minor events. */
export function prepullEventLine(event: PrepullEvent): string | undefined {
  switch (event.type) {
    case 'resolved':
      return `${event.reference}  is ${event.digest}`;
    case 'blob':
      return blobLine(event);
    case 'image':
      return imageLine(event.image);
    case 'warning':
      return `dray: warning: ${event.message}`;
    case 'pack':
      return `pack ${shortDigest(event.digest)}  ${counted(event.layers, 'layer')}  ${humanSize(event.bytes)}  ${humanDuration(event.ms)}`;
    case 'bytes':
    case 'packing':
    case 'sent':
      return undefined;
  }
}

/** The final line; `place`: where the images are. */
export function prepullSummary(report: PrepullReport, place: string): string {
  const ready = report.images.filter(({ state }) => state === 'ready').length;
  const took = humanDuration(report.ms);
  const reused = report.bytesReused === 0 ? '' : `, ${humanSize(report.bytesReused)} were already there`;
  const bytes = `${humanSize(report.bytesFetched)} fetched${reused}${sentText(report)}`;
  if (report.outcome === 'ready')
    return `${counted(ready, 'image')} ready in ${place} after ${took}: ${bytes}${skippedText(report)}`;
  if (report.outcome === 'cancelled')
    return `pre-pull cancelled after ${took}: ${ready} of ${counted(report.images.length, 'image')} ready`;
  const failed = report.images.filter(({ state }) => state === 'failed').map(({ reference }) => reference);
  const lost = report.error?.message ?? `cannot get ${failed.join(', ')}`;
  return `pre-pull ${report.outcome} after ${took}: ${ready} of ${counted(report.images.length, 'image')} ready, ${bytes}; ${lost}`;
}

/** Says why nothing seems to happen. */
export function askedWaitLine(registry: string, ms: number): string {
  return `registry ${registry} asks to wait ${String(Math.ceil(ms / 1000))} s`;
}

/** The spinner text: bytes so far, and number of finished images. */
export function prepullStatus(done: number, total: number, bytes: number, packed = 0): string {
  const packing = packed === 0 ? '' : `, ${humanSize(packed)} packed`;
  return `pre-pulling: ${done} of ${counted(total, 'image')} done, ${humanSize(bytes)} fetched${packing}`;
}

function blobLine({
  reference,
  descriptor,
  bytesFetched,
  ms,
}: Extract<PrepullEvent, { type: 'blob' }>): string {
  const what =
    descriptor.mediaType.includes('config') || descriptor.mediaType.endsWith('container.image.v1+json')
      ? 'config'
      : 'layer';
  const name = `${reference}  ${what} ${shortDigest(descriptor.digest)}  ${humanSize(descriptor.size)}`;
  return bytesFetched === 0 ? `${name}  already there` : `${name}  ${humanDuration(ms)}`;
}

function imageLine({ reference, state, layers, bytes, ms, error }: PrepullReport['images'][number]): string {
  if (state === 'ready')
    return `${reference}  ready  ${counted(layers, 'layer')}  ${humanSize(bytes)}  ${humanDuration(ms)}`;
  if (state === 'skipped') return `${reference}  skipped: image not found`;
  if (error?.code === 'ABORTED') return `${reference}  cancelled`;
  const hint = error?.hint === undefined ? '' : `\n  hint: ${error.hint}`;
  return `${reference}  failed: ${error?.message ?? 'unknown reason'}${hint}`;
}

function sentText({ sent, bytesFetched, outcome }: PrepullReport): string {
  if (sent === undefined) return '';
  if (sent.blobs > 0) return `, ${counted(sent.blobs, 'blob')} of ${humanSize(sent.bytes)} handed over`;
  return bytesFetched === 0 && outcome === 'ready' ? '; nothing had to be moved' : ', nothing handed over';
}

function skippedText({ images }: PrepullReport): string {
  const skipped = images.filter(({ state }) => state === 'skipped').length;
  return skipped === 0 ? '' : `; ${counted(skipped, 'optional image')} skipped`;
}
