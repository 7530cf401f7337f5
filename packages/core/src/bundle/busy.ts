import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DrayError, systemErrorCode } from '../errors.ts';
import type { DocumentStore } from '../transport.ts';
import { readOwnDocument } from './own-documents.ts';

// A pre-pull renews its document every few seconds; a file server's clock may add some more.
const quietMs = 60_000;

/**
 * Checks that no pre-pull is writing to the bundle in `dir`: its status document is not `running`, or was
 * last renewed over a minute ago.
 * @throws DrayError `BUNDLE_BUSY`, `STATUS_INVALID` for a damaged document; what the store throws
 */
export async function checkNotBusy(
  dir: string,
  documents: DocumentStore,
  signal?: AbortSignal,
): Promise<void> {
  const status = await readOwnDocument(documents, 'dray-status.json', signal);
  if (status?.['state'] !== 'running') return;
  if ((await ageMs(join(dir, 'dray-status.json'))) > quietMs) return;
  throw new DrayError('BUNDLE_BUSY', `cannot collect garbage in ${dir}: a pre-pull is writing to it`, {
    hint: 'Wait until the pre-pull has ended.',
    details: { dir },
  });
}

async function ageMs(path: string): Promise<number> {
  try {
    return Date.now() - (await stat(path)).mtimeMs;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return Number.POSITIVE_INFINITY;
    throw error;
  }
}
