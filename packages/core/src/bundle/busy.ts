import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { DrayError, systemErrorCode } from '../errors.ts';
import { throwIfAborted } from '../store/abort.ts';
import { createIngest, discardIngest } from '../store/ingest.ts';
import { makeStoreDirectories } from '../store/layout.ts';
import type { DocumentStore } from '../transport.ts';
import { readOwnDocument } from './own-documents.ts';

// A pre-pull renews its document every few seconds.
const quietMs = 60_000;
const watchMs = 20_000;

export interface BusyOptions {
  /** How long to watch the heartbeat where times say nothing (ms). */
  readonly watchMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Checks that no pre-pull is writing to the bundle in `dir`: its status document is not `running`, or was
 * last renewed over a minute ago. Compares only times of the bundle's own file system; if its clock was set
 * back since, watches the heartbeat.
 * @throws DrayError `BUNDLE_BUSY`, `STATUS_INVALID` for a damaged document; what the store throws
 */
export async function checkNotBusy(
  dir: string,
  documents: DocumentStore,
  options: BusyOptions = {},
): Promise<void> {
  const beat = await runningBeat(documents, options.signal);
  if (beat === undefined) return;
  const age = await ageMs(dir, join(dir, 'dray-status.json'));
  if (age > quietMs) return;
  if (age < 0 && !(await beatChanges(documents, beat, options))) return;
  throw new DrayError('BUNDLE_BUSY', `cannot collect garbage in ${dir}: a pre-pull is writing to it`, {
    hint: 'Wait until the pre-pull has ended.',
    details: { dir },
  });
}

/** Changes while a pre-pull runs; undefined when none claims to. */
async function runningBeat(
  documents: DocumentStore,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const status = await readOwnDocument(documents, 'dray-status.json', signal);
  return status?.['state'] === 'running' ? JSON.stringify([status['runId'], status['beat']]) : undefined;
}

async function beatChanges(
  documents: DocumentStore,
  first: string,
  { watchMs: limitMs = watchMs, signal }: BusyOptions,
): Promise<boolean> {
  const deadline = performance.now() + limitMs;
  while (performance.now() < deadline) {
    throwIfAborted(signal, 'collect garbage');
    const beat = await runningBeat(documents, signal);
    if (beat !== first) return beat !== undefined;
    await pause(Math.min(500, limitMs / 4));
  }
  return false;
}

/** Time since a file was written, by the clock of the file system: the file server's may differ from ours. */
async function ageMs(dir: string, path: string): Promise<number> {
  await makeStoreDirectories(dir);
  const probe = await createIngest(dir, 'clock');
  try {
    return (await probe.handle.stat()).mtimeMs - (await stat(path)).mtimeMs;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return Number.POSITIVE_INFINITY;
    throw error;
  } finally {
    await discardIngest(probe);
  }
}
