import type { Digest } from '@drayage/core';
import { discard } from '@drayage/http';
import type { RegistryClient, RepositoryOperation } from '../registry-client.ts';
import { sizeIn } from './content-size.ts';

/**
 * The size of a blob by HEAD; undefined when the repository lacks it. One try.
 * @see distribution-spec v1.1.1, "Checking if content exists in the registry"
 */
export async function statBlob(
  client: RegistryClient,
  operation: RepositoryOperation,
  digest: Digest,
  signal: AbortSignal | undefined,
): Promise<number | undefined> {
  const answer = await client.send(operation, {
    method: 'HEAD',
    path: `blobs/${digest}`,
    headers: {},
    signal,
  });
  if (answer.status === 200) {
    await discard(answer);
    // An object storage behind a redirect may answer without a length, and then the blob counts as absent.
    return sizeIn(answer);
  }
  if (answer.status !== 404) throw await client.failure(operation, answer);
  await discard(answer);
  return undefined;
}
