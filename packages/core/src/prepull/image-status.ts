import type { PrepullImage } from '../image-set/prepull-image.ts';
import { formatReference, type Reference } from '../image/reference.ts';
import type { StatusImage } from '../rendezvous/status.ts';
import type { PrepullImageReport } from './report.ts';

/** An image's entry in the status document at the start. */
export function pendingStatus(image: PrepullImage): StatusImage {
  const [first] = image.candidates;
  const reference = first?.reference === undefined ? image.text : formatReference(first.reference);
  return { reference, ...names(image), state: 'pending' };
}

/**
 * An image's entry in the status document at the end; `chosen` is the name of a `ready` image in the bundle.
 */
export function imageStatus(
  image: PrepullImage,
  report: PrepullImageReport,
  chosen: Reference | undefined,
): StatusImage {
  const { state, manifestDigest, configDigest, bytes, error } = report;
  return {
    ...pendingStatus(image),
    ...(chosen === undefined ? {} : { reference: formatReference(chosen) }),
    state,
    bytes,
    ...(manifestDigest === undefined ? {} : { manifestDigest }),
    ...(configDigest === undefined ? {} : { configDigest }),
    ...(error === undefined ? {} : { error }),
  };
}

function names({ alsoNamed, candidates }: PrepullImage): Pick<StatusImage, 'alsoNamed' | 'chosenFrom'> {
  const alternatives = candidates.flatMap(({ reference }) =>
    reference === undefined ? [] : [formatReference(reference)],
  );
  return {
    ...(alsoNamed.length === 0 ? {} : { alsoNamed: alsoNamed.map(formatReference) }),
    ...(candidates.length < 2 ? {} : { chosenFrom: alternatives }),
  };
}
