import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { fakeJob, type FakeJob } from '../testing/fake-job.ts';
import { findRoot, shareEngine } from './root.ts';
import { runDray } from './run-dray.ts';

const uid = 1000;
let job: FakeJob;

beforeEach(async () => {
  job = await fakeJob();
  await job.program('chown', '');
});

afterEach(() => job.remove());

async function sudoThat(isAllowed: boolean): Promise<void> {
  const body = isAllowed ? 'while [ "$1" != "${1#-}" ]; do shift; done; exec "$@"' : 'exit 1';
  await job.program('sudo', `echo "$*" >>"${job.path}/sudo"\n${body}`);
}

/** Starts an engine whose report names this socket. */
async function startEngine(dockerHost: string): Promise<readonly string[]> {
  await job.dray(`echo '{"dockerHost":"${dockerHost}"}'`);
  const root = await findRoot(true, uid, job.env);
  const { stdout } = await runDray({
    args: ['engine', 'start', '--json'],
    ...{ env: job.env, cwd: job.path, root, timeLimitMs: undefined },
    ...{ stderr: { isTerminal: false, write: () => undefined }, signal: new AbortController().signal },
  });
  await shareEngine(stdout, root);
  return (await job.lines('sudo')).map((line) => line.replace(/PATH=\S+/, 'PATH=…'));
}

describe('a step that can become root', () => {
  test('runs as root, and lets the user of the job use the engine', async () => {
    await sudoThat(true);
    const lines = await startEngine('unix:///run/drayage/0123456789ab/docker.sock');
    expect(lines.filter((line) => line !== '-n true')).toEqual([
      '-n -E env PATH=… dray engine start --json',
      '-n chown 1000 /run/drayage/0123456789ab /run/drayage/0123456789ab/docker.sock',
    ]);
  });

  test.each(['unix:///run/drayage/../../etc/docker.sock', 'unix:///var/run/docker.sock', 'tcp://host:2376'])(
    'gives away nothing but the socket of a private engine: not %s',
    async (dockerHost) => {
      await sudoThat(true);
      expect((await startEngine(dockerHost)).filter((line) => line.includes('chown'))).toEqual([]);
    },
  );

  test('runs as its user if sudo is not allowed, not requested or not needed', async () => {
    await sudoThat(false);
    expect(await startEngine('unix:///run/drayage/0123456789ab/docker.sock')).toEqual(['-n true']);
    expect(await job.lines('calls')).toEqual(['engine start --json']);
    await sudoThat(true);
    expect(await findRoot(false, uid, job.env)).toBeUndefined();
    expect(await findRoot(true, 0, job.env)).toBeUndefined();
  });

  test('ends a command of root at the time limit', async () => {
    await sudoThat(true);
    await job.dray('exec sleep 60');
    const end = await runDray({
      args: ['load'],
      ...{ env: job.env, cwd: job.path, root: await findRoot(true, uid, job.env), timeLimitMs: 100 },
      ...{ stderr: { isTerminal: false, write: () => undefined }, signal: new AbortController().signal },
    });
    expect(end.exitCode).toBe(124);
    expect((await job.lines('sudo')).join()).toMatch(/-n kill -TERM -- \d+/);
  });
});

test('an incomplete report names no engine', async () => {
  await sudoThat(true);
  await shareEngine('{"dockerHost":"unix:///run/dray', await findRoot(true, uid, job.env));
  expect((await job.lines('sudo')).filter((line) => line.includes('chown'))).toEqual([]);
});
