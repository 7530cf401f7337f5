import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { temporaryDirectory } from '@drayage/core/testing';
import { createBuildkitePrepullJob } from './buildkite-prepull-job.ts';
import { createGithubPrepullJob } from './github-prepull-job.ts';

interface FakeGithub {
  jobs: readonly object[];
  status: number;
  readonly requests: string[];
}

let server: Server;
let github: FakeGithub;
const unknown: string[] = [];
const closing: (() => void)[] = [];

beforeEach(async () => {
  github = { jobs: [], status: 200, requests: [] };
  server = createServer((request, response) => {
    github.requests.push(`${request.url ?? ''} ${request.headers.authorization ?? ''}`);
    const page = Number(new URL(request.url ?? '', 'http://x').searchParams.get('page'));
    const jobs = github.jobs.slice((page - 1) * 100, page * 100);
    response.writeHead(github.status, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ total_count: github.jobs.length, jobs }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterEach(async () => {
  for (const close of closing.splice(0)) close();
  unknown.length = 0;
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function githubJob(): ReturnType<typeof createGithubPrepullJob> {
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const job = createGithubPrepullJob({
    ...{ apiUrl: `http://127.0.0.1:${String(port)}/api/v3`, repository: 'org/app', runId: '55' },
    ...{ token: 'planted', jobName: 'prepull', userAgent: 'test' },
    onUnknown: (message) => void unknown.push(message),
  });
  closing.push(() => job.close());
  return job;
}

describe('asking GitHub for the pre-pull job', () => {
  test('finds it on a later page', async () => {
    const others = Array.from({ length: 150 }, (_, at) => ({ name: `test ${at}`, status: 'queued' }));
    github.jobs = [...others, { name: 'prepull', status: 'completed', conclusion: 'failure' }];
    expect(await githubJob().look()).toBe('failed');
    expect(github.requests).toEqual([
      '/api/v3/repos/org/app/actions/runs/55/jobs?filter=latest&per_page=100&page=1 Bearer planted',
      '/api/v3/repos/org/app/actions/runs/55/jobs?filter=latest&per_page=100&page=2 Bearer planted',
    ]);
  });

  test('gives up for good when the token lacks the permission, and says so once', async () => {
    github.status = 403;
    const job = githubJob();
    expect([await job.look(), await job.look()]).toEqual([undefined, undefined]);
    expect([github.requests.length, unknown.length]).toEqual([1, 1]);
    expect(unknown[0]).toMatch(/actions: read/);
    expect(unknown[0]).not.toContain('planted');
  });

  test('asks again after trouble of the server', async () => {
    github.status = 502;
    github.jobs = [{ name: 'prepull', status: 'in_progress' }];
    const job = githubJob();
    const first = await job.look();
    github.status = 200;
    expect([first, await job.look(), unknown]).toEqual([undefined, 'running', []]);
  });
});

describe('asking the agent of Buildkite for the pre-pull step', () => {
  test.each([
    ['waiting_for_dependencies', '', 'pending'],
    ['running', '', 'running'],
    ['finished', 'passed', 'succeeded'],
    ['finished', 'hard_failed', 'failed'],
    ['finished', 'neutral', 'skipped'],
    ['of the future', '', undefined],
  ])('%s %s is %s', async (state, outcome, expected) => {
    const dir = await temporaryDirectory();
    closing.push(() => void dir.remove());
    const program = join(dir.path, 'buildkite-agent');
    const answer = `if [ "$3" = state ]; then echo "${state}"; else echo "${outcome}"; fi`;
    await mkdir(dir.path, { recursive: true });
    await writeFile(
      program,
      `#!/bin/sh\n[ "$1 $2 $4 $5" = "step get --step prepull" ] || exit 1\n${answer}\n`,
    );
    await chmod(program, 0o755);
    const env = { PATH: `${dir.path}:${process.env['PATH'] ?? ''}` };
    expect(await createBuildkitePrepullJob({ step: 'prepull', env }).look()).toBe(expected);
  });

  test('stops asking without an agent, and says so once', async () => {
    const job = createBuildkitePrepullJob({
      ...{ step: 'prepull', env: { PATH: '/nowhere' } },
      onUnknown: (message) => void unknown.push(message),
    });
    expect([await job.look(), await job.look(), unknown.length]).toEqual([undefined, undefined, 1]);
  });
});
