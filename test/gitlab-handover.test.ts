import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { startFakeGitlab } from '@drayage/gitlab/testing';
import type { FakeGitlab, FakeRequest } from '@drayage/gitlab/testing';

import { isBlobDownload } from './support/access-log.ts';
import { dray, drayJson, reportOf, startDray } from './support/dray.ts';
import { engineVariants, startEngine, type TestEngine } from './support/engines.ts';
import { makeFolder, removeFolder } from './support/folders.ts';
import { expectBoundedMemory, pushLargeImage, pushVersions } from './support/handover-images.ts';
import type { PushedImage } from './support/images.ts';
import type { Running } from './support/processes.ts';
import { startRegistry, type TestRegistry } from './support/registry.ts';
import { describeWith } from './support/requirements.ts';
import { waitUntil } from './support/wait.ts';

/** As in jest.config.js: for a machine that is busy with something else. */
const limit = 300_000;
const [variant = { name: 'path', imageStore: 'classic' } as const] = engineVariants;
const prepullJob = 'drayage:prepull';

describeWith({ engine: variant, registry: true }, 'a handover through GitLab packages', () => {
  let registry: TestRegistry;
  let engine: TestEngine;
  let gitlab: FakeGitlab;
  let nodes: string;
  let app: PushedImage;
  let next: PushedImage;
  const running: Running[] = [];

  beforeAll(async () => {
    registry = await startRegistry();
    engine = await startEngine(variant);
    ({ app, next } = await pushVersions(registry));
  }, limit);

  afterAll(async () => {
    await engine.stop();
    await registry.stop();
  }, limit);

  beforeEach(async () => {
    gitlab = await startFakeGitlab();
    nodes = makeFolder();
    await engine.docker(['system', 'prune', '--all', '--force']);
  });

  afterEach(async () => {
    for (const child of running.splice(0)) await child.kill('SIGKILL');
    expect(gitlab.leaks).toEqual([]);
    await gitlab.close();
    await removeFolder(nodes);
  });

  /** The variables of a job on a separate node. */
  function job(pipelineId: number, node: string, more: Record<string, string> = {}): Record<string, string> {
    return {
      ...gitlab.jobEnv(pipelineId),
      DRAY_HANDOVER: 'gitlab://packages',
      DRAY_BUNDLE: join(nodes, node),
      ...more,
    };
  }

  function uploads(since = 0): readonly FakeRequest[] {
    const blobs = /\/packages\/generic\/drayage\/blobs\//;
    return gitlab.requests.slice(since).filter(({ method, path }) => method === 'PUT' && blobs.test(path));
  }

  test(
    'brings the images of one node to the engine of another, byte for byte',
    async () => {
      const prepull = await drayJson('prepull', [app.reference], { env: job(1001, 'one') });
      expect(prepull.outcome).toBe('ready');
      const downloads = (await registry.accessLog()).filter(isBlobDownload).length;
      const report = await drayJson('load', ['--strict'], { env: job(1001, 'two'), host: engine.host });
      expect(report).toMatchObject({
        outcome: 'hit',
        images: [{ reference: app.reference, delivery: 'load' }],
      });
      expect((await registry.accessLog()).filter(isBlobDownload)).toHaveLength(downloads);
      const pulled = await engine.docker(['pull', app.reference]);
      expect(pulled.stdout).toMatch(/Image is up to date/);
      expect(gitlab.requests.every(({ token }) => token === 'job')).toBe(true);
    },
    limit,
  );

  test(
    'uploads nothing again that an earlier pipeline has uploaded',
    async () => {
      await drayJson('prepull', [app.reference], { env: job(1001, 'one') });
      const first = uploads().length;
      const since = gitlab.requests.length;
      await drayJson('prepull', [app.reference], { env: job(1002, 'two') });
      expect(uploads(since)).toEqual([]);
      await drayJson('prepull', [next.reference], { env: job(1003, 'three') });
      // Manifest, config and the layer that differs.
      expect([first, uploads(since).length]).toEqual([5, 3]);
      const report = await drayJson('load', ['--strict'], { env: job(1003, 'four'), host: engine.host });
      expect(report.images.map(({ reference }) => reference)).toEqual([next.reference]);
    },
    limit,
  );

  test(
    'waits for a job that has no runner yet, beyond the grace time',
    async () => {
      gitlab.setJobs(1001, [{ name: prepullJob, status: 'pending' }]);
      const env = job(1001, 'two', { DRAY_PREPULL_JOB: prepullJob });
      const load = startDray(['load', '--strict', '--json', '--grace', '0s'], { env, host: engine.host });
      running.push(load);
      const listing = /\/pipelines\/1001\/jobs$/;
      await waitUntil(async () => gitlab.requests.some(({ path }) => listing.test(path)), 'GitLab is asked');
      await load.waitFor(/waiting/);
      await drayJson('prepull', [app.reference], { env: job(1001, 'one') });
      const finished = await load.finished;
      const { outcome, waitedMs } = reportOf('load', finished);
      expect(outcome).toBe('hit');
      // Every two seconds at most, and once at the start and at the end.
      const most = waitedMs / 2_000 + 2;
      expect(gitlab.requests.filter(({ path }) => listing.test(path)).length).toBeLessThanOrEqual(most);
    },
    limit,
  );

  test.each([
    ['failed', /^failed: the pre-pull job /],
    ['skipped', /^absent: the pre-pull job /],
  ])(
    'waits for nothing when the job is %s',
    async (status, reason) => {
      gitlab.setJobs(1001, [{ name: prepullJob, status }]);
      const env = job(1001, 'two');
      const args = ['load', '--json', '--grace', '1h', '--prepull-job', prepullJob];
      const finished = await dray(args, { env, host: engine.host });
      expect(finished.exitCode).toBe(0);
      expect(reportOf('load', finished).reason).toMatch(reason);
    },
    limit,
  );

  test(
    'waits for nothing when the pipeline has no such job',
    async () => {
      gitlab.setJobs(1001, [{ name: 'test', status: 'running' }]);
      const env = job(1001, 'two', { DRAY_PREPULL_JOB: prepullJob });
      const finished = await dray(['wait', '--json'], { env });
      expect([finished.exitCode, reportOf('wait', finished).reason]).toEqual([
        3,
        expect.stringMatching(/^absent: /),
      ]);
    },
    limit,
  );

  test(
    'goes by the status document where GitLab does not list jobs for this token, and says so once',
    async () => {
      gitlab.settings.jobTokenListsJobs = false;
      await drayJson('prepull', [app.reference], { env: job(1001, 'one') });
      const env = job(1002, 'two', { DRAY_PREPULL_JOB: prepullJob });
      const finished = await dray(['load', '--json', '--grace', '5s'], { env, host: engine.host });
      expect(reportOf('load', finished).reason).toMatch(/^absent: /);
      expect(finished.stderr.match(/using only the status document/g)).toHaveLength(1);
      expect(gitlab.requests.filter(({ path }) => path.endsWith('/jobs'))).toHaveLength(1);
    },
    limit,
  );

  test(
    'does not disturb the deploy when a blob was spoiled on the way',
    async () => {
      await drayJson('prepull', [app.reference], { env: job(1001, 'one') });
      const largest = [...gitlab.files()].sort((a, b) => b.sizeBytes - a.sizeBytes)[0];
      await writeFile(largest?.path ?? '', Buffer.alloc(largest?.sizeBytes ?? 0));
      const finished = await dray(['load', '--json'], { env: job(1001, 'two'), host: engine.host });
      expect(finished.exitCode).toBe(0);
      expect(reportOf('load', finished)).toMatchObject({
        outcome: 'miss',
        images: [{ delivery: 'none', error: { code: 'DIGEST_MISMATCH' } }],
      });
    },
    limit,
  );

  test(
    'is cleaned by the last job of the pipeline, but for the blobs that others share',
    async () => {
      await drayJson('prepull', [app.reference], { env: job(1001, 'one') });
      const token = { DRAY_GITLAB_TOKEN: gitlab.accessToken };
      const refused = await dray(['handover', 'clean'], { env: job(1001, 'two') });
      expect([refused.exitCode, refused.stdout]).toEqual([0, expect.stringMatching(/the rest stays/)]);
      const cleaned = await dray(['handover', 'clean'], { env: job(1001, 'two', token) });
      expect(cleaned.exitCode).toBe(0);
      expect([...new Set(gitlab.files().map(({ packageVersion }) => packageVersion))]).toEqual(['blobs']);
      gitlab.advance(8 * 24 * 3_600_000);
      await dray(['handover', 'clean'], { env: job(1002, 'two', token) });
      expect(gitlab.files()).toEqual([]);
    },
    limit,
  );

  test(
    'needs no memory for the bytes of a layer of 300 MB',
    async () => {
      const { reference } = await pushLargeImage(registry);
      const prepull = await dray(['prepull', reference], { env: job(1001, 'one') });
      const load = await dray(['load', '--strict'], { env: job(1001, 'two'), host: engine.host });
      expectBoundedMemory([prepull, load]);
    },
    limit,
  );

  test(
    'never shows the token',
    async () => {
      gitlab.settings.hasPackages = false;
      const env = job(1001, 'one', { DRAY_GITLAB_TOKEN: gitlab.accessToken });
      const failed = await dray(['prepull', app.reference, '--json', '--verbose'], { env });
      expect(failed.exitCode).toBe(3);
      expect(failed.stdout).toMatch(/TRANSPORT_DENIED/);
      for (const secret of [gitlab.accessToken, gitlab.jobToken]) {
        expect(failed.stdout + failed.stderr).not.toContain(secret);
      }
    },
    limit,
  );
});
