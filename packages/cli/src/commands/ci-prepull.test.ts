import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { formatStatus, type StatusDocument } from '@drayage/core/handover';
import { fakeJob, type FakeJob } from '../testing/fake-job.ts';

let job: FakeJob;

beforeEach(async () => {
  job = await fakeJob();
});

afterEach(() => job.remove());

const running: StatusDocument = {
  ...{ version: 1, runId: 'run', state: 'running', beat: 3, leaseMs: 30_000 },
  ...{ startedAt: '2026-01-01T00:00:00Z', updatedAt: '2026-01-01T00:00:01Z', pipeline: 'one' },
  progress: { bytesFetched: 10, bytesReused: 0 },
  images: [{ reference: 'docker.io/library/redis:7', state: 'ready', bytes: 10 }],
};

/** A shell command that writes a status document as the pre-pull does. */
async function writing(status: StatusDocument): Promise<string> {
  await writeFile(join(job.path, 'status'), formatStatus(status));
  return `cat "${join(job.path, 'status')}" >"$DRAY_BUNDLE/dray-status.json"`;
}

describe('dray ci begin', () => {
  test('writes a status document that says that there was no pre-pull', async () => {
    expect((await job.step('begin', { CIRCLE_NODE_INDEX: '2' })).exitCode).toBe(0);
    expect(await job.status('drayage/.begun/key/2')).toMatchObject({
      runId: 'circleci-7-2',
      state: 'failed',
      images: [],
    });
  });
});

describe('dray ci prepull', () => {
  test('pre-pulls into a directory of this key and node, and keeps the report', async () => {
    await job.dray('echo "{}"');
    expect((await job.step('prepull', { CIRCLE_NODE_INDEX: '1' })).exitCode).toBe(0);
    expect(await job.lines('calls')).toEqual(['prepull --json']);
    expect(await job.lines('env')).toContain(`DRAY_BUNDLE=${job.root}/drayage/key/1`);
    expect(await job.lines('root/drayage/.report/prepull-key-1.json')).toEqual(['{}']);
  });

  test('keeps parallel pre-pulls of a pipeline apart at the handover location', async () => {
    await job.dray('');
    await job.step('prepull', { CIRCLE_WORKFLOW_ID: '12' });
    expect(await job.lines('env')).toContain('DRAY_KEY=12-key');
    await rm(join(job.path, 'env'));
    await job.step('prepull', { CIRCLE_WORKFLOW_ID: '12', DRAY_KEY: 'prepull' });
    expect((await job.lines('env')).filter((line) => line.startsWith('DRAY_KEY'))).toEqual([]);
  });

  test('does not override the configuration file for parameters without a value', async () => {
    await job.dray('');
    const left = { DRAY_FORM: 'default', DRAY_STRICT: 'false', DRAY_FROZEN: '0', DRAY_REPACK: '1' };
    await job.step('prepull', { ...left, DRAY_GRACE: '0', ORB_LEFT_OPEN: Object.keys(left).join(' ') });
    expect(await job.lines('env')).toEqual([
      `DRAY_BUNDLE=${job.root}/drayage/key/0`,
      'DRAY_GRACE=0',
      'DRAY_REPACK=1',
    ]);
  });

  test.each([
    ['for want of settings', '2', {}],
    ['with a setting that is invalid', '2', { DRAY_CONCURRENCY: 'many' }],
  ])(
    'records a pre-pull that failed %s without a word of its own, and fails no job',
    async (_, code, env) => {
      await job.dray('exit 2');
      expect((await job.step('prepull', env)).exitCode).toBe(0);
      expect(await job.status('drayage/key/0')).toMatchObject({ state: 'failed' });
      expect((await job.step('check')).exitCode).toBe(Number(code));
    },
  );

  test('tolerates a configuration file that the pre-pull refuses', async () => {
    await writeFile(join(job.path, '.dray.yml'), 'imagse: [a]\n');
    await job.dray('exit 2');
    expect((await job.step('prepull')).exitCode).toBe(0);
    expect(await job.status('drayage/key/0')).toMatchObject({ state: 'failed' });
  });

  test('keeps the status that the command wrote', async () => {
    const own: StatusDocument = { ...running, state: 'cancelled' };
    await job.dray(`${await writing(own)}; exit 3`);
    await job.step('prepull');
    expect(await job.status('drayage/key/0')).toEqual(own);
  });

  test('ends the lease of a command that was killed, and keeps its images', async () => {
    await job.dray(`${await writing(running)}; kill -9 $$`);
    const { exitCode, stderr } = await job.step('prepull');
    expect(exitCode).toBe(0);
    expect(stderr).toContain('137');
    expect(await job.status('drayage/key/0')).toMatchObject({ state: 'failed', images: running.images });
  });

  test('does not mistake the status of an earlier run for its own', async () => {
    await job.bundle('0');
    await writeFile(
      join(job.root, 'drayage/key/0/dray-status.json'),
      formatStatus({ ...running, state: 'ready' }),
    );
    await job.dray('exit 1');
    await job.step('prepull');
    expect(await job.status('drayage/key/0')).toMatchObject({ state: 'failed' });
  });

  test('records a command that cannot start', async () => {
    await mkdir(join(job.path, 'bin/dray'));
    const { exitCode, stderr } = await job.step('prepull', { PATH: join(job.path, 'bin') });
    expect(exitCode).toBe(0);
    expect(stderr).toContain('127');
    expect(await job.status('drayage/key/0')).toMatchObject({ state: 'failed' });
  });

  test('gives up after the time limit', async () => {
    await job.dray('exec sleep 60');
    const { exitCode, stderr } = await job.step('prepull', { DRAY_TIME_LIMIT: '0.1s' });
    expect(exitCode).toBe(0);
    expect(stderr).toContain('124');
    expect(await job.status('drayage/key/0')).toMatchObject({ state: 'failed' });
  });

  test('records an invalid time limit', async () => {
    await job.dray('');
    const { exitCode, stderr } = await job.step('prepull', { DRAY_TIME_LIMIT: 'soon' });
    expect(exitCode).toBe(0);
    expect(stderr).toContain('DRAY_TIME_LIMIT');
    expect(await job.status('drayage/key/0')).toMatchObject({ state: 'failed' });
    expect(await job.lines('calls')).toEqual([]);
  });

  test('runs the command in a group of its own, so that a signal to the whole job reaches it once', async () => {
    await job.dray(
      `cut -d' ' -f5 /proc/$$/stat >"${join(job.path, 'group')}"; echo $$ >"${join(job.path, 'pid')}"`,
    );
    await job.step('prepull');
    expect(await job.lines('group')).toEqual(await job.lines('pid'));
  });

  test('stops with the step, and says so', async () => {
    await job.dray('echo begun >&2; exec sleep 60');
    const { runDray } = await import('../testing/run-dray.ts');
    const stop = new AbortController();
    const ended = runDray(['ci', 'prepull'], { cwd: job.path, env: job.env, signal: stop.signal });
    while ((await job.lines('calls')).length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    stop.abort();
    await ended;
    expect(await job.status('drayage/key/0')).toMatchObject({ state: 'failed' });
  });

  test('needs a workspace', async () => {
    expect(await job.step('prepull', { DRAY_WORKSPACE: '' })).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('--workspace'),
    });
  });
});

describe('dray ci check', () => {
  test('does not fail a job whose pre-pull went well', async () => {
    await job.dray('');
    await job.step('prepull');
    expect((await job.step('check')).exitCode).toBe(0);
  });

  test('fails a job with an unfinished pre-pull step', async () => {
    expect((await job.step('check')).exitCode).toBe(1);
  });
});

describe('dray ci report', () => {
  test('collects the status and the content of each bundle', async () => {
    await job.dray('[ "$1" = prepull ] || echo "inspected $3"');
    await job.step('begin');
    await job.step('prepull');
    await writeFile(join(job.root, 'drayage/key/0/dray-status.json'), '{}');
    const { exitCode, stdout } = await job.step('report');
    expect(exitCode).toBe(0);
    expect(stdout).toContain(`inspected ${job.root}/drayage/key/0`);
    expect(await job.reports()).toEqual([
      'begun-key-0.status.json',
      'bundle-key-0.status.json',
      'bundle-key-0.txt',
      'prepull-key-0.exit-code',
      'prepull-key-0.json',
    ]);
    expect(await job.lines('root/drayage/.report/bundle-key-0.txt')).toEqual([
      `inspected ${job.root}/drayage/key/0`,
    ]);
  });

  test('does not fail a job without anything to report', async () => {
    expect((await job.step('report')).exitCode).toBe(0);
  });
});
