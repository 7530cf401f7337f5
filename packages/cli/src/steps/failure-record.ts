import { detectCiSystem } from '@drayage/ci';
import { isDrayError } from '@drayage/core';
import { createDirectoryDocumentStore } from '@drayage/core/bundle';
import { formatStatus, parseStatus, type StatusDocument } from '@drayage/core/handover';
import type { Host } from '../host.ts';

const name = 'dray-status.json';

/** As long as that of a pre-pull that runs (ms). */
const leaseMs = 30_000;

/** Writes the status document of a pre-pull that did not write its own. @throws DrayError `STORE_IO` */
export async function recordFailure(dir: string, message: string, { env }: Pick<Host, 'env'>): Promise<void> {
  const ci = detectCiSystem(env);
  const job = ci.readJob(env);
  const now = new Date().toISOString();
  const status: StatusDocument = {
    version: 1,
    runId: `${ci.id}-${job.id}-${job.node}`,
    state: 'failed',
    beat: 1,
    leaseMs,
    startedAt: now,
    updatedAt: now,
    progress: { bytesFetched: 0, bytesReused: 0 },
    images: [],
    error: { code: 'NOT_AVAILABLE', message },
  };
  await createDirectoryDocumentStore(dir).write(name, formatStatus(status));
}

/** Forgets what an earlier run has recorded. @throws DrayError `STORE_IO` */
export async function forgetRecord(dir: string): Promise<void> {
  await createDirectoryDocumentStore(dir).delete(name);
}

/**
 * Makes sure that the status document of a pre-pull that failed says so. One that it finished stays as it is.
 * One that still says `running`, because the pre-pull was killed, becomes `failed`; images that are complete
 * stay usable.
 * @throws DrayError `STORE_IO`
 */
export async function settleRecord(dir: string, message: string, host: Pick<Host, 'env'>): Promise<void> {
  const documents = createDirectoryDocumentStore(dir);
  const bytes = await documents.read(name);
  if (bytes === undefined || bytes.byteLength === 0) return recordFailure(dir, message, host);
  const status = parseIfValid(bytes);
  if (status?.state !== 'running') return;
  const error = { code: 'NOT_AVAILABLE', message };
  await documents.write(name, formatStatus({ ...status, state: 'failed', error }));
}

/** Undefined: a waiter will see for itself that it is invalid. */
function parseIfValid(bytes: Uint8Array): StatusDocument | undefined {
  try {
    return parseStatus(bytes);
  } catch (error) {
    if (isDrayError(error)) return undefined;
    throw error;
  }
}
