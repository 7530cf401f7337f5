import type { Clock } from '@drayage/http';
import type { GitlabAccess } from '../api/access.ts';
import type { FakeGitlab } from './fake-gitlab.ts';

/** A clock that records pauses instead of waiting. */
export function pausingClock(now: () => number = Date.now): Clock & { readonly pauses: number[] } {
  const pauses: number[] = [];
  return {
    pauses,
    now,
    random: () => 0,
    async sleep(ms) {
      pauses.push(ms);
    },
  };
}

/** Access to a fake GitLab, as a job has it. */
export function accessTo(gitlab: FakeGitlab, more: Partial<GitlabAccess> = {}): GitlabAccess {
  return {
    apiUrl: gitlab.apiUrl,
    projectId: String(gitlab.projectId),
    token: { kind: 'job', value: gitlab.jobToken },
    userAgent: 'drayage/test',
    ...more,
  };
}
