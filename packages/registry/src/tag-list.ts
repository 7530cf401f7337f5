import { RegistryError, familiarName, isObject, type Reference } from '@drayage/core';
import { readJson } from '@drayage/http';
import { nextLink } from './link-header.ts';
import type { MirrorChain } from './mirror-chain.ts';
import { pullOperation, type PullOperation, type RegistryClient } from './registry-client.ts';

const tagsPerPage = 1000;
// Far more than any repository needs; protects against registries with an endless list.
const maxPages = 2000;
const maxPageBytes = 16 * 1024 * 1024;
const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;

/**
 * The tags of the reference's repository; reads pages on demand. Reads a mirror's list to its end before
 * yielding the first tag, so that a list never mixes tags from the mirror and the registry.
 * @throws RegistryError; DrayError `ABORTED`
 * @see distribution-spec v1.1.1, "Listing Tags"
 */
export async function* listTags(
  client: RegistryClient,
  mirrorChain: MirrorChain,
  reference: Pick<Reference, 'registry' | 'repository'>,
  signal: AbortSignal | undefined,
): AsyncGenerator<string, void, undefined> {
  const title = `list tags of ${familiarName(reference)}`;
  const pages = await mirrorChain.first(reference, async (endpoint) => {
    const rest = tagPages(client, pullOperation(title, endpoint), signal);
    return endpoint.isMirror ? await collect(rest) : rest;
  });
  for await (const page of pages) yield* page;
}

async function collect<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const collected: T[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}

async function* tagPages(
  client: RegistryClient,
  operation: PullOperation,
  signal: AbortSignal | undefined,
): AsyncGenerator<readonly string[], void, undefined> {
  let wanted: string | URL | undefined = `tags/list?n=${String(tagsPerPage)}`;
  const seen = new Set<string>();
  while (wanted !== undefined) {
    const path: string | URL = wanted;
    const page: TagPage = await client.persist(operation, signal, () =>
      readPage(client, operation, path, signal),
    );
    yield page.tags;
    wanted = page.next;
    if (page.next === undefined) return;
    if (seen.has(page.next.href) || seen.size >= maxPages) throw strange(operation, 'it never ends');
    seen.add(page.next.href);
  }
}

interface TagPage {
  readonly tags: readonly string[];
  readonly next: URL | undefined;
}

async function readPage(
  client: RegistryClient,
  operation: PullOperation,
  path: string | URL,
  signal: AbortSignal | undefined,
): Promise<TagPage> {
  const headers = { accept: 'application/json' };
  const response = await client.send(operation, { method: 'GET', path, headers, signal });
  if (response.status !== 200) throw await client.failure(operation, response);
  const body = await readJson(response, maxPageBytes);
  const link = nextLink(response.header('link'));
  if (link !== undefined && !URL.canParse(link, response.url.href)) {
    throw strange(operation, 'its next page has no URL');
  }
  const next = link === undefined ? undefined : new URL(link, response.url);
  return { tags: parseTags(body, operation), next };
}

function parseTags(body: unknown, operation: PullOperation): readonly string[] {
  // A repository without any tag left has null.
  const tags: unknown = isObject(body) ? (body['tags'] ?? []) : undefined;
  if (!Array.isArray(tags)) throw strange(operation, 'it is not a list of tags of at most 16 MiB');
  return tags.filter((tag): tag is string => typeof tag === 'string' && tagPattern.test(tag));
}

function strange({ title, registry }: PullOperation, reason: string): RegistryError {
  return new RegistryError(
    'REGISTRY_PROTOCOL',
    `cannot ${title}: the list from ${registry} is unusable: ${reason}`,
    {
      details: { registry },
    },
  );
}
