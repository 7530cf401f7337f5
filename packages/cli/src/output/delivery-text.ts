import type { DeliveryEvent, DeliveryReport } from '@drayage/core';
import type { StatusDocument } from '@drayage/core/handover';
import { counted, humanDuration, humanSize } from './quantities.ts';

/** The log line for an event; undefined for minor events. */
export function deliveryEventLine(event: DeliveryEvent): string | undefined {
  switch (event.type) {
    case 'receiving':
      return `${event.reference}  receiving ${humanSize(event.bytes)}`;
    case 'verifying':
      return `checking ${counted(event.layers, 'layer')} in ${counted(event.packs, 'pack')} against their diffIds, ${humanSize(event.bytes)}`;
    case 'mounting':
      return `${event.images.join(', ')}  mounting ${counted(event.packs, 'pack')}, ${humanSize(event.bytes)}: ${event.reason}`;
    case 'unpacking':
      return `${event.reference}  rebuilding ${counted(event.layers, 'layer')} from packs, ${humanSize(event.bytes)}`;
    case 'loading':
      return loadingLine(event);
    case 'pulling':
      return `${event.reference}  pulling with the engine`;
    case 'image':
      return imageLine(event.image);
    case 'warning':
      return `dray: warning: ${event.message}`;
    case 'waiting':
    case 'sent':
      return undefined;
  }
}

/** The progress of the pre-pull, from its status document. */
export function waitingText(status: StatusDocument | undefined): string {
  if (status === undefined) return 'waiting for a pre-pull to begin';
  const done = status.images.filter(({ state }) => state !== 'pending').length;
  const { bytesFetched } = status.progress;
  return `waiting for the pre-pull: ${done} of ${counted(status.images.length, 'image')} done, ${humanSize(bytesFetched)} fetched`;
}

/** The result, in one sentence. */
export function deliverySummary(report: DeliveryReport, isFailing: boolean): string {
  const { images, outcome, reason } = report;
  const ready = images.filter(({ delivery, error }) => delivery !== 'none' && error === undefined);
  const consequence = isFailing ? 'the job requires them' : 'the job goes on and pulls what it needs';
  const took = humanDuration(report.ms);
  if (outcome === 'hit') {
    return ready.length === 0
      ? `nothing to load: the pre-pull had no images`
      : `${counted(ready.length, 'image')} ready in ${took}: ${shares(ready)}`;
  }
  if (ready.length === 0) return `no pre-pulled images: ${reason ?? 'unknown reason'}; ${consequence}`;
  return `${ready.length} of ${counted(images.length, 'image')} ready in ${took}: ${shares(ready)}; ${reason ?? 'some are missing'}; ${consequence}`;
}

function shares(ready: readonly DeliveryReport['images'][number][]): string {
  const [mounted, loaded, present, pulled] = (['mount', 'load', 'present', 'pull'] as const).map((kind) =>
    ready.filter(({ delivery }) => delivery === kind),
  );
  const bytes = (loaded ?? []).reduce((sum, { bytesSent }) => sum + bytesSent, 0);
  const skipped = (loaded ?? []).reduce((sum, { layers }) => sum + layers.skipped, 0);
  const parts = [
    mounted?.length === 0 ? '' : `${mounted?.length ?? 0} mounted`,
    loaded?.length === 0
      ? ''
      : `${loaded?.length ?? 0} loaded (${humanSize(bytes)} sent, ${counted(skipped, 'layer')} skipped)`,
    present?.length === 0 ? '' : `${present?.length ?? 0} already present`,
    pulled?.length === 0 ? '' : `${pulled?.length ?? 0} pulled by the engine`,
  ];
  return parts.filter((part) => part !== '').join(', ');
}

function loadingLine({
  reference,
  bytes,
  layers,
  skipped,
}: Extract<DeliveryEvent, { type: 'loading' }>): string {
  const left = skipped === 0 ? '' : `; ${skipped} already in the engine`;
  return `${reference}  loading ${counted(layers, 'layer')}, ${humanSize(bytes)}${left}`;
}

function imageLine({
  reference,
  delivery,
  layers,
  bytesSent,
  ms,
  error,
}: DeliveryReport['images'][number]): string {
  if (error !== undefined) {
    const hint = error.hint === undefined ? '' : `\n  hint: ${error.hint}`;
    return `${reference}  not delivered: ${error.message}${hint}`;
  }
  switch (delivery) {
    case 'present':
      return `${reference}  already present  ${humanDuration(ms)}`;
    case 'mount':
      return `${reference}  mounted  ${counted(layers.total, 'layer')}  ${humanDuration(ms)}`;
    case 'load':
      return `${reference}  loaded  ${humanSize(bytesSent)} sent, ${layers.skipped} of ${counted(layers.total, 'layer')} skipped  ${humanDuration(ms)}`;
    case 'pull':
      return `${reference}  pulled by the engine  ${humanDuration(ms)}`;
    case 'none':
      return `${reference}  not delivered`;
  }
}
