import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { GitlabAccess } from '../api/access.ts';
import { startFakeGitlab, type FakeGitlab } from '../testing/fake-gitlab.ts';
import { accessTo, pausingClock } from '../testing/test-access.ts';
import { createGitlabPrepullJob, type GitlabPrepullJob } from './gitlab-prepull-job.ts';

let gitlab: FakeGitlab;
const made: GitlabPrepullJob[] = [];
const unknown: string[] = [];
beforeEach(async () => {
  gitlab = await startFakeGitlab();
});
afterEach(async () => {
  for (const job of made.splice(0)) job.close();
  unknown.length = 0;
  await gitlab.close();
});

function prepullJob(more: Partial<GitlabAccess> = {}): GitlabPrepullJob {
  const onUnknown = (message: string): void => void unknown.push(message);
  const options = { pipelineId: '1001', jobName: 'prepull', onUnknown };
  const job = createGitlabPrepullJob({ ...accessTo(gitlab, more), ...options });
  made.push(job);
  return job;
}

describe('asking GitLab for the pre-pull job', () => {
  test.each([
    ['the token of the job', undefined],
    ['a token of the project', { kind: 'access', value: 'planted-access-token' } as const],
  ])('tells its state, with %s', async (_, token) => {
    gitlab.setJobs(1001, [{ name: 'prepull', status: 'running' }]);
    expect(await prepullJob(token === undefined ? {} : { token }).look()).toBe('running');
  });

  test('finds it on a later page, and sees the newest attempt only', async () => {
    const others = Array.from({ length: 250 }, (_, at) => ({ name: `test ${at}`, status: 'success' }));
    gitlab.setJobs(1001, [
      { name: 'prepull', status: 'failed', isRetried: true },
      { name: 'prepull', status: 'pending' },
      ...others,
    ]);
    expect(await prepullJob().look()).toBe('pending');
    expect(gitlab.requests).toHaveLength(3);
  });

  test('follows changes', async () => {
    const job = prepullJob();
    gitlab.setJobs(1001, []);
    expect(await job.look()).toBe('absent');
    gitlab.setJobs(1001, [{ name: 'prepull', status: 'canceled' }]);
    expect(await job.look()).toBe('cancelled');
  });

  test.each([
    ['a GitLab that lists no jobs for job tokens', () => (gitlab.settings.jobTokenListsJobs = false)],
    ['a pipeline that is not there', () => undefined],
  ])('gives up for good at %s, and says so once', async (_, prepare) => {
    prepare();
    const job = prepullJob();
    expect([await job.look(), await job.look()]).toEqual([undefined, undefined]);
    expect([gitlab.requests.length, unknown.length]).toEqual([1, 1]);
  });

  test('does not ask without a token', async () => {
    expect(await prepullJob({ token: undefined }).look()).toBeUndefined();
    expect(gitlab.requests).toEqual([]);
  });

  test('does not know while GitLab is in trouble, and asks again', async () => {
    gitlab.setJobs(1001, [{ name: 'prepull', status: 'running' }]);
    gitlab.fail({ status: 503, times: 5 });
    const job = prepullJob({ clock: pausingClock() });
    expect([await job.look(), await job.look()]).toEqual([undefined, 'running']);
    expect(unknown).toEqual([]);
  });

  test('stops when aborted', async () => {
    gitlab.settings.latencyMs = 10_000;
    const controller = new AbortController();
    const looking = prepullJob().look(controller.signal);
    setImmediate(() => controller.abort());
    await expect(looking).rejects.toMatchObject({ code: 'ABORTED' });
  });
});
