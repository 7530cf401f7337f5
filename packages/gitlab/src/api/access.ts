import type { Clock, RetryPolicy } from '@drayage/core';
import type { Surroundings, Timeouts } from '../http/connections.ts';

/** A token of GitLab. */
export interface GitlabToken {
  /** `job`: the `CI_JOB_TOKEN` of this job, good while it runs; `access`: of a project, group or person. */
  readonly kind: 'job' | 'access';
  readonly value: string;
}

/** Which project of which GitLab is meant, and how it is reached. */
export interface GitlabAccess extends Surroundings {
  /** `CI_API_V4_URL`, such as `https://gitlab.example/api/v4`. */
  readonly apiUrl: string;
  /** `CI_PROJECT_ID`. */
  readonly projectId: string;
  /** Sent to the origin of `apiUrl` only; undefined: what GitLab shows to everybody. */
  readonly token: GitlabToken | undefined;
  readonly userAgent: string;
  readonly timeouts?: Timeouts | undefined;
  readonly retryPolicy?: RetryPolicy | undefined;
  readonly clock?: Clock | undefined;
}

/** The header that carries the token. @see https://docs.gitlab.com/api/rest/authentication/ */
export function tokenHeader(token: GitlabToken | undefined): Readonly<Record<string, string>> {
  if (token === undefined) return {};
  return token.kind === 'job' ? { 'job-token': token.value } : { 'private-token': token.value };
}
