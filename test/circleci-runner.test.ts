import { afterEach, expect, test } from '@jest/globals';
import { expandConfig } from '@drayage/circleci/testing';

import { startNamespaceMachine } from './support/circleci/namespace-machine.ts';
import { describeJob, stepOf } from './support/circleci/records.ts';
import type { WorkflowOptions } from './support/circleci/workflow-options.ts';
import { startWorkflow, type WorkflowRun } from './support/circleci/workflow-run.ts';
import { describeWith } from './support/requirements.ts';

const machineFor = (): ReturnType<typeof startNamespaceMachine> =>
  startNamespaceMachine({ path: process.env['PATH'] ?? '' });

/**
 * Starts the only workflow of a configuration of which the jobs are given: steps by names, and how they are
 * called.
 */
function start(lines: string, options: Partial<WorkflowOptions> = {}): WorkflowRun {
  const [workflow] = [...expandConfig(`version: 2.1\n${lines}`).workflows.values()];
  if (workflow === undefined) throw new Error('there is no workflow');
  return startWorkflow(workflow, { machineFor, engineHost: 'unix:///nonexistent', ...options });
}

const docker = 'docker: [{ image: busybox }]';

describeWith({ programs: ['unshare', 'nsenter', 'tar', 'bash'] }, 'the runner of workflows', () => {
  const runs: WorkflowRun[] = [];

  afterEach(async () => {
    for (const run of runs.splice(0)) await run.finished;
  });

  function run(lines: string, options?: Partial<WorkflowOptions>): WorkflowRun {
    const started = start(lines, options);
    runs.push(started);
    return started;
  }

  test('runs steps in real shells, with what CircleCI sets and what BASH_ENV holds', async () => {
    const build = run(
      `
jobs:
  build:
    ${docker}
    environment: { OWN: own }
    steps:
      - checkout
      - run: { name: write, command: 'echo "export LATER=\\$((6*7))" >> "$BASH_ENV"; cat src/hello' }
      - run: { name: read, command: 'echo "$LATER $OWN $CIRCLE_JOB $CIRCLE_BRANCH $PWD $KEY"' }
      - run: { name: pipe, command: 'false | true; echo not reached' }
      - run: { name: after, command: echo after }
      - run: { name: mend, command: echo mend, when: on_fail }
      - run: { name: always, command: 'echo "$0 $-"', when: always }
workflows: { all: { jobs: [build: { context: keys }] } }`,
      {
        source: { 'src/hello': 'hello' },
        contexts: { keys: { KEY: 'secret' } },
      },
    );
    expect((await build.finished).status).toBe('failed');
    const job = build.job('build');
    expect(stepOf(job, 'write').output).toBe('hello');
    expect(stepOf(job, 'read').output).toBe('42 own build main /tmp/home/project secret\n');
    expect(stepOf(job, 'pipe')).toMatchObject({ status: 'failed', output: '' });
    expect(stepOf(job, 'after').status).toBe('skipped');
    expect(stepOf(job, 'mend').status).toBe('success');
    expect(stepOf(job, 'always').output).toMatch(/ \w*e\w*B\n$/);
  });

  test('gives each job its own /tmp, and hands over by the workspace', async () => {
    const flow = run(`
jobs:
  make:
    ${docker}
    parallelism: 2
    steps:
      - run: 'mkdir -p /tmp/w/out/$CIRCLE_NODE_INDEX && echo $CIRCLE_NODE_INDEX > /tmp/w/out/$CIRCLE_NODE_INDEX/.file; touch /tmp/w/not'
      - persist_to_workspace: { root: /tmp/w, paths: [out/*] }
  add:
    ${docker}
    steps:
      - attach_workspace: { at: there }
      - run: 'ls -A ~/project/there/out/*; ! test -e /tmp/w; echo more > there/out/0/.file'
      - persist_to_workspace: { root: there, paths: [out/0/.file] }
  use:
    ${docker}
    steps:
      - attach_workspace: { at: ~/in }
      - run: { name: look, command: 'cd ~/in; cat out/*/.file; ls' }
      - store_artifacts: { path: ~/in/out, destination: kept }
workflows: { all: { jobs: [make, add: { requires: [make] }, use: { requires: [add] }] } }`);
    expect(await flow.finished).toEqual({ status: 'success', order: ['make', 'add', 'use'] });
    expect(stepOf(flow.job('use'), 'look').output).toBe('more\n1\nout\n');
    expect(Object.fromEntries(flow.job('use').nodes[0]?.artifacts ?? [])).toEqual({
      'kept/0/.file': 'more\n',
      'kept/1/.file': '1\n',
    });
  });

  test('fails to attach the same file of two jobs, nothing at all, and to persist the root or what is not there', async () => {
    const flow = run(`
jobs:
  make:
    ${docker}
    parameters: { paths: { type: string, default: out } }
    steps:
      - run: mkdir -p w/out && touch w/out/file
      - persist_to_workspace: { root: w, paths: [<< parameters.paths >>] }
  attach: { ${docker}, steps: [attach_workspace: { at: /tmp/w }] }
workflows:
  all:
    jobs:
      - make: { name: one }
      - make: { name: two }
      - make: { name: root, paths: . }
      - make: { name: missing, paths: n* }
      - attach: { name: both, requires: [one, two] }
      - attach: { name: nothing, requires: [root: failed, missing: failed] }`);
    await flow.finished;
    const ends = ['one', 'two', 'root', 'missing', 'both', 'nothing'].map((name) => flow.job(name).status);
    expect(ends).toEqual(['success', 'success', 'failed', 'failed', 'failed', 'failed']);
    expect(stepOf(flow.job('both'), 'attach').output).toContain('Concurrent upstream jobs');
    expect(stepOf(flow.job('nothing'), 'attach').output).toContain('0 B');
  });

  test('starts jobs as the statuses of others allow', async () => {
    const flow = run(`
jobs: { do: { parameters: { what: { type: string } }, ${docker}, steps: [run: << parameters.what >>] } }
workflows:
  all:
    jobs:
      - do: { name: bad, what: exit 1 }
      - do: { name: good, what: exit 0 }
      - do: { name: after-bad, what: exit 0, requires: [bad] }
      - do: { name: mend, what: exit 0, requires: [bad: [failed, canceled], good] }
      - do: { name: all-over, what: exit 0, requires: [after-bad: terminal, good: terminal] }
      - do: { name: never, what: exit 0, requires: [good: failed] }
      - do: { name: other-branch, what: exit 0, filters: { branches: { only: x } } }
      - do: { name: not-held-up, what: exit 0, requires: [good, other-branch] }
      - do: { name: left-out, what: exit 0, requires: [other-branch] }`);
    expect((await flow.finished).status).toBe('failed');
    const ends = ['after-bad', 'mend', 'all-over', 'never', 'not-held-up'].map(
      (name) => flow.job(name).status,
    );
    expect(ends).toEqual(['not_run', 'success', 'success', 'not_run', 'success']);
    expect(() => flow.job('left-out')).toThrow('left-out');
  });

  test('kills a canceled job, and those who wait for its end go on', async () => {
    const flow = run(`
jobs:
  slow: { ${docker}, steps: [run: { name: sleep, command: echo asleep; sleep 600 }, run: { command: echo no, when: always }] }
  next: { ${docker}, steps: [run: echo next] }
workflows: { all: { jobs: [slow, next: { requires: [slow: terminal] }] } }`);
    await flow.reaches('slow', 'sleep');
    await flow.cancel('slow');
    expect(await flow.finished).toEqual({ status: 'canceled', order: ['slow', 'next'] });
    expect(flow.job('slow').nodes[0]?.steps.map(({ status }) => status)).toEqual(['canceled', 'canceled']);
    expect(flow.job('next').status).toBe('success');
  });

  test('keeps caches: never overwrites, finds the newest of a prefix, ignores a miss', async () => {
    const caches = new Map<string, Buffer>();
    const lines = (content: string): string => `
jobs:
  build:
    ${docker}
    steps:
      - run: echo key > lock
      - restore_cache: { name: restore, keys: ['v1-{{ checksum "lock" }}-{{ .Branch }}', 'v1-'] }
      - run: { name: show, command: cat ~/cached/file 2>&1 || echo none }
      - run: mkdir -p ~/cached && echo ${content} > ~/cached/file
      - save_cache: { name: save, key: 'v1-{{ checksum "lock" }}-{{ .Branch }}', paths: [~/cached, /tmp/nothing] }
workflows: { all: { jobs: [build] } }`;
    const shown: string[] = [];
    for (const [content, branch] of [
      ['first', 'main'],
      ['second', 'main'],
      ['third', 'topic'],
    ] as const) {
      const flow = run(lines(content), { caches, trigger: { branch } });
      expect((await flow.finished).status).toBe('success');
      shown.push(stepOf(flow.job('build'), 'show').output.split('\n').at(-2) ?? '');
    }
    expect(shown).toEqual(['none', 'first', 'first']);
    expect(caches.size).toBe(2);
  });

  test('leaves steps in the background behind, and ends one that says nothing for too long', async () => {
    const flow = run(`
jobs:
  build:
    ${docker}
    steps:
      - run: { name: behind, background: true, command: 'echo began; echo $$ > pid; sleep 600' }
      - run: 'until test -s pid; do sleep 0.01; done; kill -0 $(cat pid)'
      - run: { name: silent, command: sleep 600, no_output_timeout: 0.2s }
workflows: { all: { jobs: [build] } }`);
    await flow.finished;
    const statuses = flow.job('build').nodes[0]?.steps.map(({ status }) => status);
    expect([describeJob(flow.job('build')), statuses]).toEqual([
      expect.any(String),
      ['success', 'success', 'failed'],
    ]);
    expect(stepOf(flow.job('build'), 'behind').output).toBe('began\n');
  });
});
