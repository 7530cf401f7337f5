import type { Clock, ConnectionOptions, RetryPolicy } from '@drayage/http';

/** A token of GitLab. */
export interface GitlabToken {
  /** `job`: the `CI_JOB_TOKEN` of this job, valid while it runs; `access`: of a project, group or person. */
  readonly kind: 'job' | 'access';
  readonly value: string;
}

/** A GitLab project, and how to reach it. */
export interface GitlabAccess extends Pick<ConnectionOptions, 'ca' | 'proxyFor' | 'timeouts' | 'userAgent'> {
  /** `CI_API_V4_URL`, such as `https://gitlab.example/api/v4`. */
  readonly apiUrl: string;
  /** `CI_PROJECT_ID`. */
  readonly projectId: string;
  /** Sent to the origin of `apiUrl` only; undefined: anonymous. */
  readonly token: GitlabToken | undefined;
  readonly retryPolicy?: RetryPolicy | undefined;
  readonly clock?: Clock | undefined;
}

/** The header that carries the token. @see https://docs.gitlab.com/api/rest/authentication/ */
export function tokenHeader(token: GitlabToken | undefined): Readonly<Record<string, string>> {
  if (token === undefined) return {};
  return token.kind === 'job' ? { 'job-token': token.value } : { 'private-token': token.value };
}
