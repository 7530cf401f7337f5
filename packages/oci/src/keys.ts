import type { KeyRemoval } from '@drayage/core';
import type { Repository } from '@drayage/registry';
import { documentNames, documentTag, keyOfTag } from './tags.ts';

/** Every key with a document, ordered. */
export async function listKeys(
  repository: Repository,
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  const keys = new Set<string>();
  for await (const tag of repository.tags(signal)) {
    const key = keyOfTag(tag);
    if (key !== undefined) keys.add(key);
  }
  return [...keys].sort();
}

/**
 * Deletes the documents of a key, the index first: a bundle without an index has no images. Each document has
 * the key in it, so no other tag has its digest.
 */
export async function removeKey(
  repository: Repository,
  key: string,
  signal: AbortSignal | undefined,
): Promise<KeyRemoval> {
  for (const name of documentNames) {
    const digest = await repository.headManifest(documentTag(key, name), signal);
    if (digest === undefined) continue;
    const removal = digest === 'unknown' ? 'unsupported' : await repository.deleteManifest(digest, signal);
    if (removal === 'unsupported') return 'unsupported';
  }
  return 'removed';
}
