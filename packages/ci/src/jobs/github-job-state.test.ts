import { describe, expect, test } from '@jest/globals';
import { stateOfGithubJob } from './github-job-state.ts';

const job = (
  name: string,
  status: string,
  conclusion?: string,
): Parameters<typeof stateOfGithubJob>[0][0] => ({
  ...{ name, status, conclusion },
});

describe('the state of a job of GitHub', () => {
  test.each([
    ['queued', undefined, 'pending'],
    ['waiting', undefined, 'pending'],
    ['in_progress', undefined, 'running'],
    ['completed', 'success', 'succeeded'],
    ['completed', 'timed_out', 'failed'],
    ['completed', 'cancelled', 'cancelled'],
    ['completed', 'skipped', 'skipped'],
    ['completed', 'of the future', undefined],
    ['of the future', undefined, undefined],
  ])('that is %s, %s, is %s', (status, conclusion, state) => {
    expect(stateOfGithubJob([job('prepull', status, conclusion)], 'prepull')).toBe(state);
  });

  test('is that of its matrix and of a reusable workflow', () => {
    const jobs = [
      job('prepull (amd64)', 'completed', 'success'),
      job('prepull (arm64)', 'in_progress'),
      job('prepull-all', 'completed', 'failure'),
    ];
    expect(stateOfGithubJob(jobs, 'prepull')).toBe('running');
    expect(stateOfGithubJob([job('images / prepull', 'queued')], 'prepull')).toBe('pending');
  });

  test('is unknown while GitHub does not list the job', () => {
    expect(stateOfGithubJob([job('test', 'in_progress')], 'prepull')).toBeUndefined();
  });
});
