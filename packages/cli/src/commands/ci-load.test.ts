import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { fakeJob, type FakeJob } from '../testing/fake-job.ts';

const attached = { DRAY_ATTACHED: 'true' };
let job: FakeJob;

beforeEach(async () => {
  job = await fakeJob();
});

afterEach(() => job.remove());

describe('dray ci load', () => {
  test('loads the bundle of every node as a finished copy', async () => {
    await job.dray('echo "$DRAY_BUNDLE $DRAY_SETTLED"');
    await job.bundle('0');
    await job.bundle('1');
    expect((await job.step('load', attached)).exitCode).toBe(0);
    expect(await job.lines('calls')).toEqual(['load --json', 'load --json']);
    expect(await job.lines('root/drayage/.report/load-key-0.json')).toEqual([
      `${job.root}/drayage/key/0 true`,
    ]);
    expect(await job.lines('root/drayage/.report/load-key-1.json')).toEqual([
      `${job.root}/drayage/key/1 true`,
    ]);
  });

  test('waits for the pre-pull of the same job when nothing is attached', async () => {
    await job.dray('');
    expect((await job.step('load', { DRAY_ATTACHED: '0' })).exitCode).toBe(0);
    expect(await job.lines('env')).toEqual([`DRAY_BUNDLE=${job.root}/drayage/key/0`]);
  });

  test('waits at the handover location when there is one', async () => {
    await job.dray('');
    await job.bundle('1');
    await job.step('load', { ...attached, DRAY_HANDOVER: 's3://bucket/run' });
    expect(await job.lines('env')).toEqual([
      `DRAY_BUNDLE=${job.root}/drayage/key/0`,
      'DRAY_HANDOVER=s3://bucket/run',
    ]);
  });

  test.each([
    ['has run', false, 'no job with the key key has run'],
    ['has ended its pre-pull', true, 'ended before its pre-pull finished'],
  ])('lets the job go on when no pre-pull job %s', async (_, hasBegun, reason) => {
    await job.dray('');
    if (hasBegun) await job.step('begin');
    const { exitCode, stderr } = await job.step('load', attached);
    expect(exitCode).toBe(0);
    expect(stderr).toContain(reason);
    expect((await job.step('load', { ...attached, DRAY_STRICT: 'true' })).exitCode).toBe(3);
    expect((await job.step('load', { ...attached, DRAY_ON_MISS: 'fail' })).exitCode).toBe(3);
    expect(await job.lines('calls')).toEqual([]);
  });

  test('lets the job go on when the command fails, unless strict is set', async () => {
    await job.dray('exit 70');
    await job.bundle('0');
    expect((await job.step('load', attached)).exitCode).toBe(0);
    expect((await job.step('load', { ...attached, DRAY_STRICT: '1' })).exitCode).toBe(70);
  });

  test.each([2, 3, 4])(
    'passes on the exit code %i, which only comes where it was asked for',
    async (code) => {
      await job.dray(`exit ${String(code)}`);
      await job.bundle('0');
      expect((await job.step('load', attached)).exitCode).toBe(code);
    },
  );

  test('gives up after the time limit, and the job goes on', async () => {
    await job.dray('exec sleep 60');
    await job.bundle('0');
    expect((await job.step('load', { ...attached, DRAY_TIME_LIMIT: '0.1s' })).exitCode).toBe(0);
    expect((await job.step('load', { ...attached, DRAY_TIME_LIMIT: 'soon' })).exitCode).toBe(2);
  });

  test('prints the message that a pre-pull job without the command left', async () => {
    await job.dray('');
    await job.bundle('0');
    await writeFile(join(job.root, 'drayage/key/0/problem.txt'), 'no \u001B[31mcommand\n');
    expect((await job.step('load', attached)).stderr).toMatch(
      /message from the pre-pull job: no [^\u001B]*command/,
    );
  });

  test('writes DOCKER_HOST for later steps if a private engine is allowed', async () => {
    await job.dray('');
    await job.bundle('0');
    await job.step('load', attached);
    expect((await job.lines('env')).join()).not.toContain('DRAY_EXPORT');
    await job.step('load', { ...attached, DRAY_LATER_STEPS: 'true' });
    expect(await job.lines('env')).toContain(`DRAY_EXPORT=${job.bashEnv}`);
  });

  test('also writes it if images must be mounted', async () => {
    await job.dray('');
    await job.bundle('0');
    await job.step('load', { ...attached, DRAY_DELIVERY: 'mount' });
    expect(await job.lines('env')).toContain(`DRAY_EXPORT=${job.bashEnv}`);
  });

  describe('with a private engine, and no workspace', () => {
    const plain = { CIRCLECI: '', GITLAB_CI: 'true', DRAY_WORKSPACE: '', DRAY_PRIVATE_ENGINE: 'true' };
    const env = (): Record<string, string> => ({
      ...plain,
      DRAY_EXPORT: join(job.path, 'engine.sh'),
      DRAY_BUNDLE: '/bundle',
    });

    test('starts none if mounting has started one', async () => {
      await job.dray(`[ "$1" != load ] || echo "export DOCKER_HOST='unix:///run/mine'" > "$DRAY_EXPORT"`);
      expect((await job.step('load', env())).exitCode).toBe(0);
      expect(await job.lines('calls')).toEqual(['load --json']);
    });

    test('starts one without images too, and loads without waiting again', async () => {
      await job.dray(
        `case $1 in engine) echo '{"dockerHost":"unix:///run/empty"}' ;; load) [ -z "$DRAY_SETTLED" ] || echo "$DOCKER_HOST $DRAY_DELIVERY $DRAY_BUNDLE" >"$HOME/loaded"; exit 70 ;; esac`,
      );
      expect((await job.step('load', env())).exitCode).toBe(0);
      expect(await job.lines('calls')).toEqual(['load --json', 'engine start --json', 'load --json']);
      expect(await job.lines('loaded')).toEqual(['unix:///run/empty load /bundle']);
    });

    test('fails with strict, and starts none', async () => {
      await job.dray('exit 3');
      expect((await job.step('load', env())).exitCode).toBe(3);
      expect(await job.lines('calls')).toEqual(['load --json']);
    });
  });
});

describe('dray ci engine', () => {
  test('starts an engine with the bundle, and writes DOCKER_HOST', async () => {
    await job.dray('');
    await job.bundle('3');
    expect((await job.step('engine')).exitCode).toBe(0);
    expect(await job.lines('calls')).toEqual(['engine start --json']);
    expect(await job.lines('env')).toEqual([
      `DRAY_BUNDLE=${job.root}/drayage/key/3`,
      `DRAY_EXPORT=${job.bashEnv}`,
    ]);
  });

  test('lets the job go on without, unless strict is set', async () => {
    await job.dray('exit 3');
    expect((await job.step('engine')).exitCode).toBe(0);
    expect((await job.step('engine', { DRAY_STRICT: 'true' })).exitCode).toBe(3);
  });

  test('fails for a mistake in the settings', async () => {
    await job.dray('exit 2');
    expect((await job.step('engine')).exitCode).toBe(2);
  });

  test('says when there is no bundle', async () => {
    await job.dray('');
    await mkdir(job.root);
    expect((await job.step('engine')).stderr).toContain('without images');
  });
});
