import { entryName, type BundleEntry } from '../bundle/bundle-index.ts';
import type { ErrorSummary } from '../error-summary.ts';
import { familiarReference, formatReference, sameReference, tryParseReference } from '../image/reference.ts';
import type { Reference } from '../image/reference.ts';
import type { PrepullJobState } from './prepull-job.ts';
import type { StatusImage } from './status.ts';
import type { WaitDecision } from './wait-decision.ts';
import type { StatusSnapshot } from './watch.ts';

/** A wanted image: its familiar name, and its reference if the name is one. */
interface WantedName {
  readonly name: string;
  readonly reference: Reference | undefined;
}

export type ImageAvailability = WantedName &
  /** The bundle holds the complete image. */
  (
    | { readonly kind: 'ready'; readonly entry: BundleEntry }
    /** The image may still arrive. */
    | { readonly kind: 'coming' }
    /** The image is optional and does not exist. */
    | { readonly kind: 'skipped' }
    /** The image will not arrive. */
    | { readonly kind: 'lost'; readonly error: ErrorSummary }
  );

/**
 * The availability of each wanted image, in order: those in `only`, else all that the pre-pull announced,
 * else all in the bundle. Undefined until the images are known. Pure.
 */
export function imageAvailabilities(
  snapshot: StatusSnapshot,
  only: readonly Reference[],
): readonly ImageAvailability[] | undefined {
  const { status, index, decision } = snapshot;
  if (only.length > 0) return only.flatMap((reference) => availabilitiesAsked(snapshot, reference));
  if (status !== undefined) return status.images.flatMap((image) => availabilitiesOf(snapshot, image));
  if (decision.kind === 'running') return undefined;
  return (index?.entries ?? []).map((entry) => ({
    kind: 'ready',
    name: entryName(entry),
    reference: entry.reference,
    entry,
  }));
}

/** One sentence: why waiting ended without the wanted images; begins with a stable word. */
export function decisionReason(snapshot: StatusSnapshot): string {
  const { decision, status } = snapshot;
  const because = status?.error === undefined ? '' : `: ${status.error.message}`;
  switch (decision.kind) {
    case 'running':
      return 'running: the pre-pull is still running';
    case 'ready':
      return 'ready: the pre-pull has ended';
    case 'settled':
      if (status?.state === 'failed') return `failed: the pre-pull failed${because}`;
      if (status?.state === 'cancelled') return 'cancelled: the pre-pull was cancelled';
      return 'settled: the bundle is a finished copy';
    case 'failed':
      return decision.job === undefined
        ? `failed: the pre-pull failed${because}`
        : 'failed: the pre-pull job failed';
    case 'cancelled':
      return `cancelled: the pre-pull ${decision.job === undefined ? '' : 'job '}was cancelled`;
    case 'expired':
      return `expired: no heartbeat of the pre-pull for ${String((status?.leaseMs ?? 0) / 1000)} s`;
    case 'absent':
      return absentReason(decision.job);
    case 'timeout':
      return 'timeout: the pre-pull has not ended within the time limit';
  }
}

function absentReason(job: PrepullJobState | undefined): string {
  if (job === 'skipped') return 'absent: the pre-pull job was skipped';
  return job === 'absent' ? 'absent: the pipeline has no such pre-pull job' : 'absent: no pre-pull has begun';
}

/** One for each name of the image that `asked` means. */
function availabilitiesAsked(snapshot: StatusSnapshot, wanted: Reference): readonly ImageAvailability[] {
  const asked = formatReference(wanted);
  const image = snapshot.status?.images.find(({ reference, alsoNamed = [], chosenFrom = [] }) => {
    return reference === asked || alsoNamed.includes(asked) || chosenFrom.includes(asked);
  });
  return image === undefined
    ? [availabilityOf(snapshot, undefined, named(wanted))]
    : availabilitiesOf(snapshot, image);
}

function availabilitiesOf(snapshot: StatusSnapshot, image: StatusImage): readonly ImageAvailability[] {
  return [image.reference, ...(image.alsoNamed ?? [])].map((text) => {
    const reference = tryParseReference(text);
    const wanted = reference === undefined ? { name: text, reference } : named(reference);
    return availabilityOf(snapshot, image, wanted);
  });
}

function named(reference: Reference): WantedName {
  return { name: familiarReference(reference), reference };
}

function availabilityOf(
  snapshot: StatusSnapshot,
  image: StatusImage | undefined,
  wanted: WantedName,
): ImageAvailability {
  const { name } = wanted;
  if (image?.state === 'skipped') return { kind: 'skipped', ...wanted };
  if (image?.state === 'failed') return { kind: 'lost', ...wanted, error: failureOf(image, name) };
  const entry = snapshot.index?.entries.find(({ reference }) => {
    return (
      reference !== undefined && wanted.reference !== undefined && sameReference(reference, wanted.reference)
    );
  });
  if (entry !== undefined && (image?.state === 'ready' || isFinished(snapshot.decision)))
    return { kind: 'ready', ...wanted, entry };
  if (snapshot.decision.kind !== 'running')
    return { kind: 'lost', ...wanted, error: lost(name, decisionReason(snapshot)) };
  if (snapshot.status !== undefined && image === undefined) {
    return { kind: 'lost', ...wanted, error: lost(name, 'the pre-pull does not fetch it') };
  }
  return { kind: 'coming', ...wanted };
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
