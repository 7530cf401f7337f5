import { createRequesterFn } from '@gitbeaker/requester-utils';
import type { FormattedResponse, ResponseBodyTypes } from '@gitbeaker/requester-utils';
import { TransferError, isObject } from '@drayage/core';
import type { HttpResponse } from '../http/connections.ts';
import { readBytes } from '../http/read-text.ts';
import type { GitlabClient } from './gitlab-client.ts';
import type { Operation } from './operation.ts';

const maxJsonBytes = 16 * 1024 * 1024;

/** What a resource of gitbeaker is made with. */
export interface ResourceOptions {
  readonly requesterFn: ReturnType<typeof createRequesterFn>;
  readonly host: string;
  /** Limits are ours: that of the library would end a request while it waits for its turn. */
  readonly queryTimeout: null;
}

/**
 * Lets gitbeaker speak through our client. Its own requester sends the token along with a redirect to another origin, does not honour
 * `Retry-After`, and tries nothing but 429 and 502 again.
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
      return client.retrying(operation, signal, async () => {
        const response = await client.request(operation, request);
        return formatted(operation, response);
      });
    },
  );
  return { requesterFn, host: client.apiUrl.origin, queryTimeout: null };
}

/** As gitbeaker wants an answer; it follows pages by the `link` header. */
async function formatted(operation: Operation, response: HttpResponse): Promise<FormattedResponse> {
  const headers = { link: response.header('link') ?? '' };
  const { bytes, isWhole } = await readBytes(response.body, maxJsonBytes);
  if (response.status === 204 || bytes.byteLength === 0)
    return { body: null, headers, status: response.status };
  const body = isWhole ? parseBody(bytes.toString('utf8')) : undefined;
  if (body !== undefined) return { body, headers, status: response.status };
  const { title, name, side, digest } = operation;
  throw new TransferError('TRANSPORT_IO', `cannot ${title}: the answer is none of GitLab's API`, {
    operation: name,
    side,
    ...(digest === undefined ? {} : { digest }),
    hint: 'Check CI_API_V4_URL: a proxy or another server seems to answer there.',
  });
}

function parseBody(text: string): ResponseBodyTypes | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (Array.isArray(value))
      return value.filter((entry: unknown) => isObject(entry)).map((entry) => ({ ...entry }));
    return isObject(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
