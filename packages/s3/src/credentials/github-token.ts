import { createConnections, readJson } from '@drayage/http';
import { isObject } from '@drayage/core';
import type { Reach } from './request-handler.ts';

/** Where a job of GitHub Actions with `id-token: write` asks for its token. */
export interface GithubTokenRequest {
  /** `ACTIONS_ID_TOKEN_REQUEST_URL`. */
  readonly url: string;
  /** `ACTIONS_ID_TOKEN_REQUEST_TOKEN`. */
  readonly token: string;
}

const audience = 'sts.amazonaws.com';
const maxAnswerBytes = 64 * 1024;

/**
 * The OIDC token of a job of GitHub Actions, for AWS. @throws an error that says what failed
 * @see https://docs.github.com/en/actions/reference/security/oidc
 */
export async function readGithubToken(request: GithubTokenRequest, reach: Reach): Promise<string> {
  const connections = createConnections(reach);
  try {
    const url = new URL(request.url);
    url.searchParams.set('audience', audience);
    const headers = { authorization: `Bearer ${request.token}`, accept: 'application/json' };
    const response = await connections.send({ method: 'GET', url, headers, signal: undefined });
    const answer = await readJson(response, maxAnswerBytes);
    if (isObject(answer) && typeof answer['value'] === 'string') return answer['value'];
    throw new Error(`GitHub gave no OIDC token (${String(response.status)})`);
  } finally {
    await connections.close();
  }
}
