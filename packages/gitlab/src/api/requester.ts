import {
  createRequesterFn,
  type FormattedResponse,
  type ResponseBodyTypes,
} from '@gitbeaker/requester-utils';
import { isObject, parseJson } from '@drayage/core';
import { operationError, readDecoded, type HttpResponse, type Operation } from '@drayage/http';
import type { GitlabClient } from './gitlab-client.ts';

const maxJsonBytes = 16 * 1024 * 1024;

/** Constructor options of a gitbeaker resource. */
export interface ResourceOptions {
  readonly requesterFn: ReturnType<typeof createRequesterFn>;
  readonly host: string;
  /** Our client has its own limits; the library's would end a queued request. */
  readonly queryTimeout: null;
}

/**
 * Makes gitbeaker use our client. Its own requester sends the token along with a redirect to another origin,
 * ignores `Retry-After`, and retries only 429 and 502.
 */
export function resourceOptions(
  client: GitlabClient,
  operation: Operation,
  signal: AbortSignal | undefined,
): ResourceOptions {
  const requesterFn = createRequesterFn(
    (_, options) => Promise.resolve(options),
    async (path, options = {}) => {
      const { method, searchParams } = options;
      const query = typeof searchParams === 'string' ? searchParams : undefined;
      const request = { method: typeof method === 'string' ? method : 'GET', path, query, signal };
      return client.persist(operation, signal, async () =>
        formatted(operation, await client.request(operation, request)),
      );
    },
  );
  return { requesterFn, host: client.apiUrl.origin, queryTimeout: null };
}

/** A response in gitbeaker's form; gitbeaker follows pages by the `link` header. */
async function formatted(operation: Operation, response: HttpResponse): Promise<FormattedResponse> {
  const { status } = response;
  const headers = { link: response.header('link') ?? '' };
  const { bytes, isWhole } = await readDecoded(response, maxJsonBytes);
  if (status === 204 || bytes.byteLength === 0) return { body: null, headers, status };
  const body = isWhole ? parseBody(bytes) : undefined;
  if (body !== undefined) return { body, headers, status };
  throw operationError(operation, 'TRANSPORT_IO', 'unexpected response: not GitLab API JSON', {
    hint: 'Check CI_API_V4_URL: a proxy or another server seems to answer there.',
  });
}

function parseBody(bytes: Uint8Array): ResponseBodyTypes | undefined {
  try {
    const value = parseJson(bytes);
    if (Array.isArray(value)) {
      return value.filter((entry: unknown) => isObject(entry)).map((entry) => ({ ...entry }));
    }
    return isObject(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
