import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DrayError, systemErrorCode } from '../errors.ts';
import { parseJsonObject } from '../image/json.ts';
import type { DocumentStore } from '../transport.ts';

// A pre-pull renews its document every few seconds; a clock of a file server may be off by some more.
const quietMs = 60_000;

/**
 * Requires that nobody pre-pulls into the bundle in `dir`: its status document does not say `running`, or has not been renewed for a minute.
 * @throws DrayError `BUNDLE_BUSY`, `MANIFEST_INVALID` for a damaged document; what the store throws
 */
export async function checkNotBusy(
  dir: string,
  documents: DocumentStore,
  signal?: AbortSignal,
): Promise<void> {
  const bytes = await documents.read('dray-status.json', signal);
  if (bytes === undefined || parseJsonObject(bytes, 'dray-status.json')['state'] !== 'running') return;
  if ((await ageMs(join(dir, 'dray-status.json'))) > quietMs) return;
  throw new DrayError('BUNDLE_BUSY', `cannot collect garbage in ${dir}: a pre-pull is writing to it`, {
    hint: 'Wait until it has ended.',
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
