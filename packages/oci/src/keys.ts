import { isDrayError, type ExpiryReport, type PlaceContents, type StoredBundle } from '@drayage/core';
import { parseStatus, type StatusDocument } from '@drayage/core/handover';
import type { Repository } from '@drayage/registry';
import { createDocuments } from './documents.ts';
import type { ArtifactStore } from './artifact-store.ts';
import { documentNames, documentTag, keyOfTag } from './tags.ts';

export interface Keys {
  readonly repository: Repository;
  readonly artifacts: ArtifactStore;
  /** The key of this process. */
  readonly own: string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/**
 * Every bundle of the repository. Its age is that of its status document, by the clock of the pre-pull: a
 * registry does not say when a tag was written.
 */
export async function contentsOf(keys: Keys, signal: AbortSignal | undefined): Promise<PlaceContents> {
  const bundles: StoredBundle[] = [];
  for (const key of await listKeys(keys.repository, signal)) bundles.push(await look(keys, key, signal));
  return { bundles };
}

/**
 * How long after the last change a pre-pull that says `running` may still run, with clocks an hour apart
 * (ms).
 */
const runningMs = 2 * 3_600_000;

/**
 * Deletes the documents of bundles that are older than `maxAgeMs`, but not this process's own, and none that
 * a pre-pull is writing. Their blobs are then the registry's to collect, unless another bundle references
 * them. A registry that deletes nothing is no error.
 */
export async function expire(
  keys: Keys,
  maxAgeMs: number,
  signal: AbortSignal | undefined,
): Promise<ExpiryReport> {
  let deletedFiles = 0;
  for (const { key, ageMs = 0, isRunning } of (await contentsOf(keys, signal)).bundles) {
    if (key === keys.own || isRunning === true || ageMs <= maxAgeMs) continue;
    for (const name of documentNames) {
      const removal = await removeTag(keys.repository, documentTag(key, name), signal);
      if (removal === 'unsupported') return { deletedFiles, deletedBytes: 0, refusal: refusalOf(keys) };
      if (removal === 'deleted') deletedFiles += 1;
    }
  }
  return { deletedFiles, deletedBytes: 0 };
}

function refusalOf({ repository }: Keys): string {
  return `the registry of ${repository.name} deletes nothing, or not for this login; its own retention rules have to`;
}

async function listKeys(repository: Repository, signal: AbortSignal | undefined): Promise<readonly string[]> {
  const keys = new Set<string>();
  for await (const tag of repository.tags(signal)) {
    const key = keyOfTag(tag);
    if (key !== undefined) keys.add(key);
  }
  return [...keys].sort();
}

async function look(keys: Keys, key: string, signal: AbortSignal | undefined): Promise<StoredBundle> {
  const status = await readStatus(keys, key, signal);
  if (status === undefined) return { key, ageMs: undefined };
  const ageMs = Math.max(0, keys.now() - Date.parse(status.updatedAt));
  return { key, ageMs, isRunning: status.state === 'running' && ageMs <= runningMs };
}

async function readStatus(
  { repository, artifacts }: Keys,
  key: string,
  signal: AbortSignal | undefined,
): Promise<StatusDocument | undefined> {
  try {
    const bytes = await createDocuments({ repository, artifacts, key }).read('dray-status.json', signal);
    return bytes === undefined ? undefined : parseStatus(bytes);
  } catch (error) {
    // Of a newer drayage, or of another program: its age is unknown.
    if (isDrayError(error, 'BUNDLE_INVALID', 'BUNDLE_VERSION_UNSUPPORTED', 'STATUS_INVALID'))
      return undefined;
    throw error;
  }
}

/** Each document has its key in it, so no other tag has its digest. */
async function removeTag(
  repository: Repository,
  tag: string,
  signal: AbortSignal | undefined,
): Promise<'deleted' | 'absent' | 'unsupported'> {
  const digest = await repository.headManifest(tag, signal);
  if (digest === undefined) return 'absent';
  return digest === 'unknown' ? 'unsupported' : repository.deleteManifest(digest, signal);
}
