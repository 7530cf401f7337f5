import { describe, expect, test } from '@jest/globals';
import { stateOfJob } from './job-state.ts';

const jobs = (...list: readonly (readonly [string, string])[]): Parameters<typeof stateOfJob>[0] =>
  list.map(([name, status], position) => ({ id: position + 1, name, status }));

/** @see https://docs.gitlab.com/api/graphql/reference/#cijobstatus */
const gitlabStatuses: readonly string[] = [
  'canceled',
  'canceling',
  'created',
  'failed',
  'manual',
  'pending',
  'preparing',
  'running',
  'scheduled',
  'skipped',
  'success',
  'waiting_for_callback',
  'waiting_for_resource',
];

/** Those in which GitLab does nothing more with a job, unless a person does. */
const stoppedStatuses: readonly string[] = ['success', 'failed', 'canceled', 'skipped', 'manual'];

const stateOf = (status: string): ReturnType<typeof stateOfJob> =>
  stateOfJob([{ id: 1, name: 'prepull', status }], 'prepull');

describe('the state of a job', () => {
  test.each(gitlabStatuses)('that GitLab calls %s is known', (status) => {
    expect(stateOf(status)).toBeDefined();
  });

  test.each(gitlabStatuses)('that GitLab calls %s is waited for if the job will run by itself', (status) => {
    const willRun = !stoppedStatuses.includes(status) && status !== 'canceling';
    expect(['pending', 'running'].includes(stateOf(status) ?? 'unknown')).toBe(willRun);
  });

  test.each([
    ['running', 'running'],
    ['success', 'succeeded'],
    ['failed', 'failed'],
    ['canceling', 'cancelled'],
    ['canceled', 'cancelled'],
    ['skipped', 'skipped'],
    // It begins when somebody presses a button.
    ['manual', 'skipped'],
    ['of_the_future', undefined],
  ] as const)('that GitLab calls %s is %s', (status, state) => {
    expect(stateOf(status)).toBe(state);
  });

  test('is absent when the pipeline has none of that name', () => {
    expect(stateOfJob(jobs(['prepull-all', 'running'], ['the prepull', 'running']), 'prepull')).toBe(
      'absent',
    );
  });

  test('is that of the newest attempt', () => {
    expect(stateOfJob(jobs(['prepull', 'failed'], ['prepull', 'pending']), 'prepull')).toBe('pending');
    expect(stateOfJob(jobs(['prepull', 'failed'], ['prepull', 'pending']).toReversed(), 'prepull')).toBe(
      'pending',
    );
  });

  test.each([
    [['success', 'running', 'failed'], 'running'],
    [['success', 'pending'], 'pending'],
    [['success', 'failed', 'canceled'], 'failed'],
    [['success', 'success'], 'succeeded'],
    [['skipped', 'skipped'], 'skipped'],
  ] as const)('of parallel jobs that are %j is %s', (statuses, state) => {
    const numbered = statuses.map((status, at) => [`prepull ${at + 1}/${statuses.length}`, status] as const);
    expect(stateOfJob(jobs(...numbered), 'prepull')).toBe(state);
    const matrix = statuses.map((status, at) => [`prepull: [amd64, ${at}]`, status] as const);
    expect(stateOfJob(jobs(...matrix), 'prepull')).toBe(state);
  });

  test('takes a name with special characters for what it is', () => {
    expect(stateOfJob(jobs(['a.b 1/2', 'running'], ['a.b: [x]', 'running']), 'a.b')).toBe('running');
    expect(stateOfJob(jobs(['axb', 'running']), 'a.b')).toBe('absent');
  });
});
