import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseBundleIndex } from '../bundle/bundle-index.ts';
import type { BundleIndex } from '../bundle/bundle-index.ts';
import { throwIfAborted } from '../store/abort.ts';
import type { DocumentStore } from '../transport.ts';
import { parseStatus } from './status.ts';
import type { StatusDocument } from './status.ts';
import { isLeftOver, judge } from './waiting.ts';
import type { Prospect, WaitMemory, WaitPolicy } from './waiting.ts';

export interface WatchOptions {
  readonly policy: WaitPolicy;
  /** Time between two looks (ms). */
  readonly pollMs: number;
  readonly signal?: AbortSignal | undefined;
}

export interface Sighting {
  readonly prospect: Prospect;
  readonly status: StatusDocument | undefined;
  /** What the bundle holds so far. */
  readonly index: BundleIndex | undefined;
}

/**
 * Looks at the meeting place again and again; yields the first look and then every one that shows something new, up to and including the
 * one that ends the waiting. Rejects with what reading a document throws, or when aborted.
 */
export async function* watch(
  documents: DocumentStore,
  options: WatchOptions,
): AsyncGenerator<Sighting, void, undefined> {
  let memory: WaitMemory = { startedAt: performance.now() };
  let shown: string | undefined;
  for (;;) {
    const sighting = await look(documents, options, memory);
    memory = sighting.memory;
    const novelty = `${sighting.prospect.kind} ${sighting.status?.runId ?? ''} ${String(sighting.status?.beat ?? '')}`;
    if (novelty !== shown) yield sighting;
    if (sighting.prospect.kind !== 'running') return;
    shown = novelty;
    await pause(options.pollMs, options.signal);
  }
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(ms, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    throwIfAborted(signal, 'wait for the pre-pull');
    throw error;
  }
}

async function look(
  documents: DocumentStore,
  { policy, signal }: WatchOptions,
  memory: WaitMemory,
): Promise<Sighting & { memory: WaitMemory }> {
  // The status is read first: an index read after it holds at least the images that the status calls ready.
  const statusBytes = await documents.read('dray-status.json', signal);
  const indexBytes = await documents.read('index.json', signal);
  const status = statusBytes === undefined ? undefined : parseStatus(statusBytes);
  const now = performance.now();
  if (isLeftOver(status, policy)) {
    return {
      ...judge(memory, { status: undefined, hasIndex: false, now }, policy),
      status: undefined,
      index: undefined,
    };
  }
  const index = indexBytes === undefined ? undefined : parseBundleIndex(indexBytes);
  return { ...judge(memory, { status, hasIndex: index !== undefined, now }, policy), status, index };
}
