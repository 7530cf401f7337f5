import { entryName, type BundleEntry } from '../bundle/bundle-index.ts';
import type { ErrorSummary } from '../error-summary.ts';
import { familiarReference, formatReference, tryParseReference, type Reference } from '../image/reference.ts';
import type { PrepullJobState } from './prepull-job.ts';
import type { StatusImage } from './status.ts';
import type { WaitDecision } from './wait-decision.ts';
import type { StatusSnapshot } from './watch.ts';

/** What can be said of one wanted image now. */
export type ImageAvailability =
  /** It is complete in the bundle. */
  | { readonly kind: 'ready'; readonly name: string; readonly entry: BundleEntry }
  /** It may still come. */
  | { readonly kind: 'coming'; readonly name: string }
  /** It is optional and does not exist: nobody misses it. */
  | { readonly kind: 'skipped'; readonly name: string }
  /** It will not come. */
  | { readonly kind: 'lost'; readonly name: string; readonly error: ErrorSummary };

/**
 * How each wanted image stands, in order: those of `only`, else all that the pre-pull announced, else all that the bundle holds.
 * `name` is the familiar form. Undefined while nobody knows yet which images there will be. Pure.
 */
export function imageAvailabilities(
  snapshot: StatusSnapshot,
  only: readonly Reference[],
): readonly ImageAvailability[] | undefined {
  const { status, index, decision } = snapshot;
  if (only.length > 0)
    return only.flatMap((reference) => availabilitiesAsked(snapshot, formatReference(reference)));
  if (status !== undefined) return status.images.flatMap((image) => availabilitiesOf(snapshot, image));
  if (decision.kind === 'running') return undefined;
  return (index?.entries ?? []).map((entry) => ({ kind: 'ready', name: entryName(entry), entry }));
}

/** A sentence for why waiting has ended without what was wanted; begins with the stable word for it. */
export function decisionReason(snapshot: StatusSnapshot): string {
  const { decision, status } = snapshot;
  const because = status?.error === undefined ? '' : `: ${status.error.message}`;
  switch (decision.kind) {
    case 'running':
      return 'running: the pre-pull is still at work';
    case 'ready':
      return 'ready: the pre-pull has ended';
    case 'settled':
      if (status?.state === 'failed') return `failed: the pre-pull failed${because}`;
      if (status?.state === 'cancelled') return 'cancelled: the pre-pull was cancelled';
      return 'settled: the bundle is a finished copy';
    case 'failed':
      return decision.job === undefined
        ? `failed: the pre-pull failed${because}`
        : 'failed: the job of the pre-pull failed';
    case 'cancelled':
      return `cancelled: the ${decision.job === undefined ? '' : 'job of the '}pre-pull was cancelled`;
    case 'expired':
      return `expired: the pre-pull has given no sign of life for ${String((status?.leaseMs ?? 0) / 1000)} s`;
    case 'absent':
      return absentReason(decision.job);
    case 'timeout':
      return 'timeout: the pre-pull has not ended within the time limit';
  }
}

function absentReason(job: PrepullJobState | undefined): string {
  if (job === 'skipped') return 'absent: the job of the pre-pull was skipped';
  return job === 'absent' ? 'absent: the pipeline has no such pre-pull job' : 'absent: no pre-pull has begun';
}

/** One for each name of the image that is meant by `asked`. */
function availabilitiesAsked(snapshot: StatusSnapshot, asked: string): readonly ImageAvailability[] {
  const image = snapshot.status?.images.find(({ reference, alsoNamed = [], chosenFrom = [] }) => {
    return reference === asked || alsoNamed.includes(asked) || chosenFrom.includes(asked);
  });
  return image === undefined
    ? [availabilityOfName(snapshot, undefined, asked)]
    : availabilitiesOf(snapshot, image);
}

function availabilitiesOf(snapshot: StatusSnapshot, image: StatusImage): readonly ImageAvailability[] {
  return [image.reference, ...(image.alsoNamed ?? [])].map((name) =>
    availabilityOfName(snapshot, image, name),
  );
}

function availabilityOfName(
  snapshot: StatusSnapshot,
  image: StatusImage | undefined,
  canonical: string,
): ImageAvailability {
  const parsed = tryParseReference(canonical);
  const name = parsed === undefined ? canonical : familiarReference(parsed);
  if (image?.state === 'skipped') return { kind: 'skipped', name };
  if (image?.state === 'failed') return { kind: 'lost', name, error: failureOf(image, name) };
  const entry = snapshot.index?.entries.find(({ reference }) => {
    return reference !== undefined && formatReference(reference) === canonical;
  });
  if (entry !== undefined && (image?.state === 'ready' || isFinished(snapshot.decision)))
    return { kind: 'ready', name, entry };
  if (snapshot.decision.kind !== 'running')
    return { kind: 'lost', name, error: lost(name, decisionReason(snapshot)) };
  if (snapshot.status !== undefined && image === undefined) {
    return { kind: 'lost', name, error: lost(name, 'the pre-pull does not fetch it') };
  }
  return { kind: 'coming', name };
}

function isFinished({ kind }: WaitDecision): boolean {
  return kind === 'settled' || kind === 'ready';
}

function failureOf(image: StatusImage, name: string): ErrorSummary {
  return image.error ?? lost(name, 'its pre-pull failed');
}

function lost(name: string, reason: string): ErrorSummary {
  return { code: 'NOT_AVAILABLE', message: `cannot find ${name} in the bundle: ${reason}` };
}
