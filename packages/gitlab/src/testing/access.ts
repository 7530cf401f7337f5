import type { IncomingHttpHeaders } from 'node:http';
import type { FakeState, TokenKind } from './state.ts';

/** Headers with a token: the object storage must not receive them. */
export const tokenHeaders = ['job-token', 'private-token', 'authorization', 'deploy-token'] as const;

/** The token in the headers. @see https://docs.gitlab.com/ci/jobs/ci_job_token/ */
export function tokenOf({ jobToken, accessToken }: FakeState, headers: IncomingHttpHeaders): TokenKind {
  const job = headers['job-token'];
  const access = headers['private-token'];
  if (job === undefined && access === undefined)
    return headers.authorization === undefined ? 'none' : 'wrong';
  if (job !== undefined) return job === jobToken ? 'job' : 'wrong';
  return access === accessToken ? 'access' : 'wrong';
}

/** The action of a request. */
export type Deed = 'read packages' | 'write packages' | 'delete packages' | 'list jobs';

/** The response to a refused request. */
export interface Refusal {
  readonly status: number;
  readonly message: string;
}

/** The refusal of `deed` with `token`; undefined: allowed. */
export function refusalOf({ settings }: FakeState, token: TokenKind, deed: Deed): Refusal | undefined {
  if (token === 'wrong') return { status: 401, message: '401 Unauthorized' };
  // Anonymous requests get 404 for a private project.
  if (token === 'none' && deed === 'read packages') return { status: 404, message: '404 Project Not Found' };
  if (token === 'none') return { status: 401, message: '401 Unauthorized' };
  if (deed === 'list jobs') {
    const isIgnored = token === 'job' && !settings.jobTokenListsJobs;
    return isIgnored ? { status: 401, message: '401 Unauthorized' } : undefined;
  }
  if (!settings.hasPackages) return { status: 404, message: '404 Not Found' };
  if (deed === 'delete packages' && token === 'job' && !settings.jobTokenDeletes) {
    return { status: 403, message: '403 Forbidden' };
  }
  return undefined;
}
