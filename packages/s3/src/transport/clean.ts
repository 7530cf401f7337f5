import { TransferError, type DocumentName } from '@drayage/core';
import { operationAt, statusOf, type Operation } from '@drayage/http';
import type { ObjectPage } from '../api/bucket.ts';
import type { Place } from './place.ts';

/** The result of a clean-up. */
export interface ExpiryReport {
  readonly deletedFiles: number;
  readonly deletedBytes: number;
  /** Why the rest is still there; undefined: nothing is left to delete. */
  readonly refusal?: string | undefined;
}

type Listed = ObjectPage['objects'][number];

const documentNames: readonly DocumentName[] = ['dray-status.json', 'index.json', 'dray-signature.json'];

/**
 * Deletes blobs and bundles that are older than they are kept; nothing where they are kept for ever. Blobs of
 * a bundle that is younger than half of that time are younger than the whole: see `findBlob`.
 * @throws TransferError `TRANSPORT_UNREACHABLE`, `TRANSPORT_IO`; DrayError `ABORTED`
 */
export async function expire(place: Place, bundle: string, signal?: AbortSignal): Promise<ExpiryReport> {
  const { keepMs } = place;
  if (keepMs === undefined) return { deletedFiles: 0, deletedBytes: 0 };
  const operation = operationAt(place, 'delete', 'expired files', { direction: 'of' });
  const isOld = (ageMs: number | undefined): boolean => ageMs !== undefined && ageMs > keepMs;
  return counting(async (tally) => {
    const old: Listed[] = [];
    for await (const object of ownObjects(place, operation, signal)) {
      const own = place.keys.parse(object.key);
      const isCurrent = own?.kind === 'document' && own.bundle === bundle;
      if (!isCurrent && isOld(object.ageMs)) old.push(object);
    }
    for (const object of documentsFirst(place, old)) {
      // Another pipeline may have written it since the listing.
      const found = await place.bucket.head(operation, object.key, signal);
      if (isOld(found?.ageMs)) await remove(place, tally, { operation, object, signal });
    }
  });
}

/** Deletes the documents of one bundle. @throws as {@link expire} */
export async function forget(place: Place, bundle: string, signal?: AbortSignal): Promise<ExpiryReport> {
  const operation = operationAt(place, 'delete', 'the files of this pipeline', { direction: 'of' });
  return counting(async (tally) => {
    for (const name of documentNames) {
      const key = place.keys.document(bundle, name);
      const found = await place.bucket.head(operation, key, signal);
      if (found === undefined) continue;
      await remove(place, tally, { operation, object: { key, sizeBytes: found.sizeBytes }, signal });
    }
  });
}

/** Every bundle with a document, ordered. @throws as {@link expire} */
export async function listBundles(place: Place, signal?: AbortSignal): Promise<readonly string[]> {
  const operation = operationAt(place, 'list', 'keys', { direction: 'of' });
  const found = new Set<string>();
  for await (const { objects } of place.bucket.list(operation, place.keys.documents, signal)) {
    for (const { key } of objects) {
      const own = place.keys.parse(key);
      if (own?.kind === 'document') found.add(own.bundle);
    }
  }
  return [...found].sort();
}

async function* ownObjects(
  { bucket, keys }: Place,
  operation: Operation,
  signal: AbortSignal | undefined,
): AsyncGenerator<Listed> {
  for await (const { objects } of bucket.list(operation, keys.root, signal)) {
    yield* objects.filter(({ key }) => keys.parse(key) !== undefined);
  }
}

/** No index outlives the blobs that it names. */
function documentsFirst({ keys }: Place, objects: readonly Listed[]): readonly Listed[] {
  const isBlob = ({ key }: Listed): boolean => keys.parse(key)?.kind === 'blob';
  return [...objects.filter((object) => !isBlob(object)), ...objects.filter(isBlob)];
}

interface Tally {
  deletedFiles: number;
  deletedBytes: number;
}

/** Credentials that may not delete are no error. */
async function counting(run: (tally: Tally) => Promise<void>): Promise<ExpiryReport> {
  const tally: Tally = { deletedFiles: 0, deletedBytes: 0 };
  try {
    await run(tally);
    return tally;
  } catch (error) {
    if (!(error instanceof TransferError) || ![401, 403, 405].includes(statusOf(error) ?? 0)) throw error;
    return { ...tally, refusal: error.message };
  }
}

async function remove(
  { bucket }: Place,
  tally: Tally,
  {
    operation,
    object,
    signal,
  }: {
    readonly operation: Operation;
    readonly object: Pick<Listed, 'key' | 'sizeBytes'>;
    readonly signal: AbortSignal | undefined;
  },
): Promise<void> {
  await bucket.remove(operation, object.key, signal);
  tally.deletedFiles += 1;
  tally.deletedBytes += object.sizeBytes;
}
