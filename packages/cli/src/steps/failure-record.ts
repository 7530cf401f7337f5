import { detectCiSystem } from '@drayage/ci';
import { isDrayError } from '@drayage/core';
import { createDirectoryDocumentStore } from '@drayage/core/bundle';
import { formatStatus, parseStatus, type StatusDocument } from '@drayage/core/handover';
import type { Host } from '../host.ts';

const name = 'dray-status.json';

/** The lease of a running pre-pull (ms). */
const leaseMs = 30_000;

/** Writes a failed status document for a pre-pull that wrote none. @throws DrayError `STORE_IO` */
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

/** Removes the record of an earlier run. @throws DrayError `STORE_IO` */
export async function forgetRecord(dir: string): Promise<void> {
  await createDirectoryDocumentStore(dir).delete(name);
}

/**
 * Makes sure that the status document of a failed pre-pull says `failed`. Keeps a finished document.
 * `running`, left by a killed pre-pull, becomes `failed`; complete images
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

/** Undefined if invalid; waiters then report it themselves. */
function parseIfValid(bytes: Uint8Array): StatusDocument | undefined {
  try {
    return parseStatus(bytes);
  } catch (error) {
    if (isDrayError(error)) return undefined;
    throw error;
  }
}
