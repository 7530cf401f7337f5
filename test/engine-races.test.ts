import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';

import { availableEngines } from './support/engine-programs.ts';
import { startEngine, type EngineVariant, type TestEngine } from './support/engines.ts';
import { makeFolder, removeFolder } from './support/folders.ts';
import { buildJobImage, runJob } from './support/job-container.ts';
import { mountTmpfs } from './support/mounts.ts';
import {
  errorCodeIn,
  expectNothingOf,
  killAll,
  makeDataRoot,
  processesOf,
  type PrivateDataRoot,
} from './support/private-engine.ts';
import { describeWith } from './support/requirements.ts';
import { waitUntil } from './support/wait.ts';

const variant: EngineVariant = {
  name: availableEngines().includes('path') ? 'path' : '20.10',
  imageStore: 'classic',
};
const programs = ['flock', 'unshare'];

let root: PrivateDataRoot;

/** Declares tests. Each has its own data-root, and fails if it leaves anything of it behind. */
function describeDataRoot(title: string, declare: () => void): void {
  describeWith({ engine: variant, programs }, title, () => {
    beforeEach(async () => {
      root = await makeDataRoot(variant);
    });

    afterEach(async () => {
      await root.remove();
      await expectNothingOf(root);
    });

    declare();
  });
}

describeDataRoot('two private engines for one data-root', () => {
  test('never both start, in fifty rounds, and the next one clears what a killed one left', async () => {
    for (let round = 1; round <= 50; round += 1) {
      const ends = await Promise.all([root.starting().finished, root.starting().finished]);
      const codes = ends.map(({ exitCode }) => exitCode);
      expect([round, codes.toSorted()]).toEqual([round, [0, 3]]);
      const loser = ends.find(({ exitCode }) => exitCode === 3);
      expect(loser && errorCodeIn(loser)).toBe('ENGINE_LOCKED');
      await killAll([root.owner().pid]);
    }
  });

  test('the second gets an error that names the holder, and the first keeps running', async () => {
    const first = await root.json('start');
    const second = await root.engine('start', ['--json']);
    expect(errorCodeIn(second)).toBe('ENGINE_LOCKED');
    expect(second.stderr).toContain(String(first.pid));
    expect(second.stderr).toContain(String(first.dockerHost).replace('unix://', ''));
    expect(await root.json('status')).toMatchObject({ state: 'running', owner: { pid: first.pid } });
  });
});

describeDataRoot('a private engine that is killed', () => {
  test('with all it has started leaves nothing after the next start and stop', async () => {
    await root.json('start', ['--storage', 'loop-ext4']);
    await killAll(processesOf(root.owner()));
    expect((await root.engine('status')).exitCode).toBe(3);
    await root.json('start');
    expect(await root.json('stop')).toMatchObject({ outcome: 'stopped' });
    await expectNothingOf(root);
  });

  test('leaves nothing after a stop either', async () => {
    await root.json('start', ['--storage', 'loop-ext4']);
    await killAll([root.owner().pid]);
    expect(await root.json('stop')).toMatchObject({ outcome: 'not-running' });
    await expectNothingOf(root);
  });

  test.each([0, 20, 50, 100, 150, 200, 300, 400, 600])(
    'while its start, killed itself after %d ms, had got somewhere, starts again',
    async (afterMs) => {
      const start = root.starting(['--storage', 'loop-ext4']);
      const startedAt = performance.now();
      await waitUntil(() => performance.now() - startedAt >= afterMs, 'it got somewhere');
      await start.kill('SIGKILL');
      // The engine may already have started; then it keeps running by itself.
      await root.engine('stop');
      await expectNothingOf(root);
      expect(await root.json('start')).toMatchObject({ storage: { backend: expect.any(String) } });
    },
  );
});

describeDataRoot('a stop of a private engine', () => {
  test.each([100, 250, 500])('that is killed itself after %d ms is done by the next', async (afterMs) => {
    await root.json('start', ['--storage', 'loop-ext4']);
    const stop = root.stopping();
    const startedAt = performance.now();
    await waitUntil(() => performance.now() - startedAt >= afterMs, 'it got somewhere');
    await stop.kill('SIGKILL');
    expect((await root.engine('stop')).exitCode).toBe(0);
    await expectNothingOf(root);
    expect(await root.json('start')).toMatchObject({ storage: { backend: expect.any(String) } });
  });
});

describeWith(
  { engine: variant, programs: [...programs, 'mkfs.ext4'] },
  'a private engine in a container',
  () => {
    let outer: TestEngine;
    let volume: string;

    beforeAll(async () => {
      outer = await startEngine(variant);
      await buildJobImage(outer);
    });

    afterAll(async () => {
      await outer.stop();
    });

    beforeEach(async () => {
      volume = makeFolder();
      await mountTmpfs(volume);
    });

    afterEach(() => removeFolder(volume));

    test('with an overlay as its root keeps its layers in an ext4 file, and leaves nothing behind', async () => {
      const { stdout, stderr, exitCode } = await runJob(
        outer,
        '$dray engine start --bridge none --json && $dray engine stop --purge && ls -A /run/drayage',
      );
      expect([exitCode, stderr]).toEqual([0, stderr]);
      const report: unknown = JSON.parse(stdout.split('\n')[0] ?? '');
      expect(report).toMatchObject({ storage: { backend: 'loop-ext4' }, driver: 'overlay2' });
    });

    test('names the capability that it lacks', async () => {
      const done = await runJob(outer, '$dray engine start --json', { privileges: 'none' });
      expect(errorCodeIn(done)).toBe('MOUNT_UNAVAILABLE');
      expect(done.stderr).toContain('CAP_SYS_ADMIN');
    });

    test('refuses a data-root that an engine in another container uses, and takes it over once that is gone', async () => {
      const volumes = [`${volume}:/data`];
      const first = runJob(
        outer,
        '$dray engine start --data-root /data/root --bridge none --json >/data/started.tmp; mv /data/started.tmp /data/started; while :; do sleep 1; done',
        { name: 'first', volumes },
      );
      const second = (script: string): ReturnType<typeof runJob> => runJob(outer, script, { volumes });
      await waitUntil(
        async () => (await outer.tryDocker(['exec', 'first', 'test', '-e', '/data/started'])).exitCode === 0,
        'the first runs',
      );
      const refused = await second('$dray engine start --data-root /data/root --bridge none --json');
      expect(errorCodeIn(refused)).toBe('ENGINE_LOCKED');
      const notStopped = await second('$dray engine stop --data-root /data/root --json');
      expect(errorCodeIn(notStopped)).toBe('ENGINE_LOCKED');
      await outer.docker(['kill', 'first']);
      await first;
      const taken = await second(
        '$dray engine start --data-root /data/root --bridge none --json && $dray engine stop --data-root /data/root --purge',
      );
      expect([taken.exitCode, taken.stderr]).toEqual([0, taken.stderr]);
    });
  },
);
