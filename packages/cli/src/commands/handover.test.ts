import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { temporaryDirectory, type TemporaryDirectory } from '@drayage/core/testing';
import { startFakeGitlab, type FakeGitlab } from '@drayage/gitlab/testing';
import { createTestCertificate } from '@drayage/http/testing';
import { startFaultyRegistry, type FaultyRegistry } from '@drayage/registry/testing';
import { addImage, runDray, type Ended } from '../testing/run-dray.ts';

describe('a handover through GitLab', () => {
  let directory: TemporaryDirectory;
  let registry: FaultyRegistry;
  const gitlabs: FakeGitlab[] = [];

  beforeEach(async () => {
    directory = await temporaryDirectory();
    registry = await startFaultyRegistry();
    addImage(registry, 'app', ['1']);
  });

  afterEach(async () => {
    for (const gitlab of gitlabs.splice(0)) await gitlab.close();
    await registry.close();
    await directory.remove();
  });

  async function start(options: Parameters<typeof startFakeGitlab>[0] = {}): Promise<FakeGitlab> {
    const gitlab = await startFakeGitlab(options);
    gitlabs.push(gitlab);
    return gitlab;
  }

  /** A separate node, which shares only the handover location. */
  const dray = (argv: readonly string[], env: Record<string, string>, node = 'one'): Promise<Ended> =>
    runDray(argv, {
      cwd: directory.path,
      env: { DRAY_HANDOVER: 'gitlab://packages', DRAY_BUNDLE: join(directory.path, node), ...env },
    });

  const prepull = (env: Record<string, string>): Promise<Ended> =>
    dray(['prepull', `${registry.host}/app:1`, '--json'], env);

  test('is found by another node, which waits for it', async () => {
    const gitlab = await start();
    expect((await prepull(gitlab.jobEnv(7))).exitCode).toBe(0);
    const waited = await dray(['wait', '--json'], gitlab.jobEnv(7), 'two');
    expect([waited.exitCode, JSON.parse(waited.stdout)]).toMatchObject([
      0,
      { images: [{ reference: `${registry.host}/app:1`, state: 'ready' }] },
    ]);
    const other = await dray(['wait', '--grace', '0s'], gitlab.jobEnv(8), 'two');
    expect(other.exitCode).toBe(3);
  });

  test('trusts the CA certificates that the runner names', async () => {
    const tls = await createTestCertificate();
    const gitlab = await start({ tls });
    const file = join(directory.path, 'ca.pem');
    await writeFile(file, tls.cert);
    const job = gitlab.jobEnv(7);
    const refused = await dray(['wait', '--grace', '0s', '--json'], job);
    expect([refused.exitCode, refused.stdout]).toEqual([3, expect.stringContaining('TRANSPORT_UNREACHABLE')]);
    const trusted = await dray(['wait', '--grace', '0s', '--json'], { ...job, CI_SERVER_TLS_CA_FILE: file });
    expect(JSON.parse(trusted.stdout)).toMatchObject({ outcome: 'not-coming' });
  });

  test('uses a project token instead of the job token', async () => {
    const gitlab = await start();
    await prepull({ ...gitlab.jobEnv(7), DRAY_GITLAB_TOKEN: gitlab.accessToken });
    expect(new Set(gitlab.requests.map(({ token }) => token))).toEqual(new Set(['access']));
  });

  test('warns about expired files that it cannot delete, without failing', async () => {
    const gitlab = await start();
    await prepull(gitlab.jobEnv(7));
    gitlab.advance(9 * 24 * 3_600_000);
    const { exitCode, stderr } = await prepull(gitlab.jobEnv(8));
    expect([exitCode, stderr]).toEqual([0, expect.stringContaining('cannot delete expired files')]);
  });

  test('asks GitLab for the job only in a GitLab job', async () => {
    const gitlab = await start();
    gitlab.setJobs(7, [{ name: 'prepull', status: 'failed' }]);
    const args = ['wait', '--prepull-job', 'prepull', '--grace', '0s', '--json'];
    const inside = await dray(args, gitlab.jobEnv(7));
    expect(JSON.parse(inside.stdout)).toMatchObject({ reason: expect.stringMatching(/^failed: /) });
    const outside = await dray(args, { ...gitlab.jobEnv(7), GITLAB_CI: '' });
    expect(JSON.parse(outside.stdout)).toMatchObject({ reason: expect.stringMatching(/^absent: /) });
  });

  test.each([
    [{}, 'CI_API_V4_URL'],
    [{ CI_API_V4_URL: 'https://gitlab.test/api/v4', CI_PROJECT_ID: '1' }, 'pipeline'],
    [{ CI_API_V4_URL: 'gitlab.test', CI_PROJECT_ID: '1', CI_PIPELINE_ID: '2' }, 'gitlab.test'],
    [
      {
        CI_API_V4_URL: 'https://gitlab.test/api/v4',
        CI_PROJECT_ID: '1',
        CI_PIPELINE_ID: '2',
        DRAY_HANDOVER: 'gitlab://packages?kept=1d',
      },
      'kept',
    ],
  ])('is wrong usage where it cannot be: %j', async (env, named) => {
    const { exitCode, stderr } = await prepull(env);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining(named)]);
  });

  test('clean leaves a directory alone, and needs a location', async () => {
    const shared = await dray(['handover', 'clean', '--json'], {
      DRAY_HANDOVER: join(directory.path, 'share'),
    });
    expect([shared.exitCode, JSON.parse(shared.stdout)]).toEqual([0, { deletedFiles: 0, deletedBytes: 0 }]);
    expect((await dray(['handover', 'clean'], { DRAY_HANDOVER: '' })).exitCode).toBe(2);
  });
});
