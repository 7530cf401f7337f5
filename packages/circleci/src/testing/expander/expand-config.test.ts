import { describe, expect, test } from '@jest/globals';

import { expandConfig, type ExpandOptions } from './expand-config.ts';
import { ExpansionError } from './expansion-error.ts';
import type { RunStep, Step } from './step.ts';

const orb = `
version: 2.1
executors:
  small:
    parameters:
      tag: { type: string, default: "22.1" }
    docker: [{ image: "cimg/node:<< parameters.tag >>" }]
    resource_class: small
commands:
  greet:
    parameters:
      who: { type: string }
      tone: { type: enum, enum: [kind, loud], default: kind }
      times: { type: integer, default: 2 }
      polite: { type: boolean, default: false }
      after: { type: steps, default: [] }
    steps:
      - run:
          name: Greet << parameters.who >>
          environment:
            WHO: << parameters.who >>
            TONE: << parameters.tone >>
            TIMES: << parameters.times >>
            POLITE: << parameters.polite >>
          command: cat \\<<END
      - when:
          condition: { and: [<< parameters.polite >>, { equal: [kind, << parameters.tone >>] }] }
          steps: [{ run: bow }]
      - unless:
          condition: << parameters.polite >>
          steps: [{ run: nod }]
      - steps: << parameters.after >>
jobs:
  meet:
    parameters:
      guest: { type: string, default: "" }
      where: { type: executor, default: small }
      prepare: { type: steps, default: [] }
    executor: << parameters.where >>
    parallelism: 2
    environment: { GUEST: << parameters.guest >> }
    steps:
      - when: { condition: << parameters.prepare >>, steps: << parameters.prepare >> }
      - when:
          condition: << parameters.guest >>
          steps:
            - greet: { who: << parameters.guest >>, after: << parameters.prepare >> }
`;

/** A configuration with the orb and these lines. */
function config(lines: string): string {
  return `version: 2.1\norbs: { party: acme/party@1 }\n${lines}`;
}

function expand(lines: string, options: ExpandOptions = {}): ReturnType<typeof expandConfig> {
  return expandConfig(config(lines), { orbs: { 'acme/party@1': orb }, ...options });
}

function stepsOf(lines: string, options?: ExpandOptions): readonly Step[] {
  return [...expand(lines, options).workflows.values()][0]?.jobs[0]?.job.steps ?? [];
}

function runsOf(lines: string, options?: ExpandOptions): readonly RunStep[] {
  return stepsOf(lines, options).filter((step) => step.kind === 'run');
}

const commandsOf = (lines: string, options?: ExpandOptions): readonly string[] =>
  runsOf(lines, options).map(({ command }) => command);

function build(steps: string, more = ''): string {
  return `${more}\njobs: { build: { docker: [{ image: busybox }], steps: ${steps} } }\nworkflows: { all: { jobs: [build] } }`;
}

function problemOf(lines: string, options?: ExpandOptions): readonly [string, string] {
  try {
    expand(lines, options);
  } catch (error) {
    if (error instanceof ExpansionError) return [error.problem, error.place];
    throw error;
  }
  throw new Error('it was expanded');
}

describe('expandConfig', () => {
  test('puts arguments and defaults in place, in the types a shell gets', () => {
    const [greeting, nod] = runsOf(build('[party/greet: { who: Ann }]'));
    expect(greeting).toMatchObject({
      name: 'Greet Ann',
      command: 'cat <<END',
      environment: { WHO: 'Ann', TONE: 'kind', TIMES: '2', POLITE: '0' },
      when: 'on_success',
      background: false,
      noOutputTimeoutMs: 600_000,
    });
    expect(nod?.command).toBe('nod');
  });

  test('decides conditions by the arguments', () => {
    expect(commandsOf(build('[party/greet: { who: Ann, polite: true }]'))).toContain('bow');
    expect(commandsOf(build('[party/greet: { who: Ann, polite: true, tone: loud }]'))).not.toContain('bow');
  });

  test('knows or, not and matches, and that nothing is false', () => {
    const conditional = (condition: string): number =>
      commandsOf(build(`[when: { condition: ${condition}, steps: [run: go] }]`)).length;
    expect(conditional('{ or: ["", false, 0] }')).toBe(0);
    expect(conditional('{ not: "" }')).toBe(1);
    expect(conditional('{ matches: { pattern: "^a.c$", value: abc } }')).toBe(1);
    expect(conditional('{ equal: [1, 1, 2] }')).toBe(0);
    expect(conditional('{ and: [] }')).toBe(0);
  });

  test('looks the steps of an argument up where they are written', () => {
    const lines = `
commands: { login: { steps: [run: login] } }
workflows: { all: { jobs: [party/meet: { guest: Ann, prepare: [login] }] } }`;
    expect(commandsOf(lines)).toEqual(['login', 'cat <<END', 'nod', 'login']);
  });

  test('takes an executor by name, by a map with arguments, and of the caller', () => {
    const jobOf = (where: string): unknown =>
      expand(`
executors: { mine: { machine: { image: ubuntu-2404:current }, resource_class: large } }
workflows: { all: { jobs: [party/meet: { ${where} }] } }`).workflows.get('all')?.jobs[0]?.job.executor;
    expect(jobOf('')).toMatchObject({ kind: 'docker', image: 'cimg/node:22.1', resourceClass: 'small' });
    expect(jobOf('where: { name: party/small, tag: "24" }')).toMatchObject({ image: 'cimg/node:24' });
    expect(jobOf('where: mine')).toMatchObject({ kind: 'machine', image: 'ubuntu-2404:current' });
  });

  test('puts the steps of the workflow before and after the steps of the job', () => {
    const lines =
      'workflows: { all: { jobs: [party/meet: { pre-steps: [checkout], post-steps: [run: bye] }] } }';
    expect(stepsOf(lines).map(({ kind }) => kind)).toEqual(['checkout', 'run']);
  });

  test('reads requirements in all three forms', () => {
    const lines = `
jobs: { build: { docker: [{ image: busybox }], steps: [] } }
workflows:
  all:
    jobs:
      - build: { name: a }
      - build: { name: b, requires: [a] }
      - build: { name: c, requires: [a: failed, b: [success, canceled]] }
      - build: { name: d, requires: [a: terminal] }`;
    const jobs = expand(lines).workflows.get('all')?.jobs ?? [];
    expect(jobs.map(({ requires }) => requires)).toEqual([
      [],
      [{ job: 'a', statuses: ['success'] }],
      [
        { job: 'a', statuses: ['failed'] },
        { job: 'b', statuses: ['success', 'canceled'] },
      ],
      [{ job: 'a', statuses: ['success', 'failed', 'canceled', 'unauthorized', 'not_run'] }],
    ]);
  });

  test('makes a job for each combination of a matrix, which others may require by one name', () => {
    const lines = `
workflows:
  all:
    jobs:
      - party/meet: { name: "meet-<< matrix.guest >>", matrix: { alias: meetings, parameters: { guest: [Ann, Bob] } } }
      - party/meet: { name: end, requires: [meetings] }`;
    const jobs = expand(lines).workflows.get('all')?.jobs ?? [];
    expect(jobs.map(({ name, job }) => [name, job.environment['GUEST']])).toEqual([
      ['meet-Ann', 'Ann'],
      ['meet-Bob', 'Bob'],
      ['end', ''],
    ]);
    expect(jobs[2]?.requires.map(({ job }) => job)).toEqual(['meet-Ann', 'meet-Bob']);
  });

  test('filters by branch and tag', () => {
    const lines = `
jobs: { build: { docker: [{ image: busybox }], steps: [] } }
workflows:
  all:
    jobs:
      - build: { name: a, filters: { branches: { only: [main, /release-.*/] } } }
      - build: { name: b, filters: { branches: { ignore: main }, tags: { only: /v.*/ } } }
      - build: { name: c }`;
    const jobs = expand(lines).workflows.get('all')?.jobs ?? [];
    const runsFor = (trigger: { branch: string } | { tag: string }): readonly string[] =>
      jobs.filter(({ runsFor }) => runsFor(trigger)).map(({ name }) => name);
    expect(runsFor({ branch: 'main' })).toEqual(['a', 'c']);
    expect(runsFor({ branch: 'release-2' })).toEqual(['a', 'b', 'c']);
    expect(runsFor({ branch: 'not-release-2' })).toEqual(['b', 'c']);
    expect(runsFor({ tag: 'v1' })).toEqual(['b']);
  });

  test('knows the values of the pipeline', () => {
    const lines = build(
      '[run: "<< pipeline.parameters.target >> << pipeline.git.branch >>"]',
      'parameters: { target: { type: enum, enum: [dev, live], default: dev } }',
    );
    const pipeline = { 'git.branch': 'main' };
    expect(commandsOf(lines, { pipeline })).toEqual(['dev main']);
    expect(commandsOf(lines, { pipeline, parameters: { target: 'live' } })).toEqual(['live main']);
    expect(problemOf(lines, { pipeline, parameters: { target: 'moon' } })).toEqual([
      'NOT_IN_ENUM',
      'pipeline.parameters.target',
    ]);
  });

  test('tells a workflow that is not triggered', () => {
    const lines = `
jobs: { build: { docker: [{ image: busybox }], steps: [] } }
workflows: { all: { when: { equal: [main, << pipeline.git.branch >>] }, jobs: [build] } }`;
    const isTriggered = (branch: string): boolean | undefined =>
      expand(lines, { pipeline: { 'git.branch': branch } }).workflows.get('all')?.isTriggered;
    expect([isTriggered('main'), isTriggered('other')]).toEqual([true, false]);
  });

  test('reads YAML as CircleCI does: on and yes are booleans, << merges, a dot is a path', () => {
    const lines = `
x-base: &base { docker: [{ image: busybox }] }
jobs:
  build:
    <<: *base
    steps: [{ run: { command: x, background: yes } }, { attach_workspace: { at: . } }]
workflows: { all: { jobs: [build] } }`;
    expect(stepsOf(lines)).toMatchObject([{ background: true }, { at: '.' }]);
  });

  test('reads every step that CircleCI knows', () => {
    const steps = `[checkout, setup_remote_docker, { restore_cache: { keys: [a, b] } },
      { save_cache: { key: a, paths: [x], when: always } }, { persist_to_workspace: { root: r, paths: [p] } },
      { attach_workspace: { at: r } }, { store_artifacts: { path: r } }, { store_test_results: { path: r } },
      { run: { command: x, background: true, when: on_fail, no_output_timeout: 1h30m } }]`;
    const expanded = stepsOf(build(steps));
    expect(expanded).toHaveLength(9);
    expect(expanded[8]).toMatchObject({ background: true, when: 'on_fail', noOutputTimeoutMs: 5_400_000 });
  });
});

describe('expandConfig finds', () => {
  const mistakes: readonly (readonly [string, string, string, string])[] = [
    ['an undefined command', build('[party/wave]'), 'UNDEFINED_COMMAND', 'jobs.build.steps[0].party/wave'],
    ['an undefined orb', build('[other/wave]'), 'UNDEFINED_ORB', 'jobs.build.steps[0].other/wave'],
    ['an undefined job', 'workflows: { all: { jobs: [nothing] } }', 'UNDEFINED_JOB', 'jobs[0].nothing'],
    [
      'an undefined executor',
      'workflows: { all: { jobs: [party/meet: { where: huge }] } }',
      'UNDEFINED_EXECUTOR',
      'party/meet.where',
    ],
    ['an undefined parameter', build('[run: "<< parameters.zz >>"]'), 'UNDEFINED_PARAMETER', 'steps[0].run'],
    [
      'an undefined value of the pipeline',
      build('[run: "<< pipeline.parameters.zz >>"]'),
      'UNDEFINED_PARAMETER',
      'steps[0].run',
    ],
    ['a missing argument', build('[party/greet]'), 'MISSING_ARGUMENT', 'steps[0].party/greet'],
    [
      'an unknown argument',
      build('[party/greet: { who: Ann, whom: Bob }]'),
      'UNKNOWN_ARGUMENT',
      'party/greet.whom',
    ],
    [
      'a value that is not in the list',
      build('[party/greet: { who: Ann, tone: rude }]'),
      'NOT_IN_ENUM',
      'party/greet.tone',
    ],
    [
      'a text where a boolean belongs',
      build('[party/greet: { who: Ann, polite: "true" }]'),
      'WRONG_TYPE',
      'party/greet.polite',
    ],
    ['a number where a text belongs', build('[party/greet: { who: 1 }]'), 'WRONG_TYPE', 'party/greet.who'],
    [
      'a text where steps belong',
      build('[party/greet: { who: Ann, after: x }]'),
      'WRONG_TYPE',
      'party/greet.after',
    ],
    [
      'mistakes within the steps of an argument',
      'workflows: { all: { jobs: [party/meet: { prepare: [login] }] } }',
      'UNDEFINED_COMMAND',
      'party/meet.prepare[0].login',
    ],
    ['an include that was not packed', build('[run: "<< include(a.sh) >>"]'), 'INCLUDE_LEFT', 'steps[0].run'],
    ['an unclosed <<', build('[run: "cat <<END"]'), 'INVALID', 'steps[0].run'],
    ['an unknown key of a step', build('[run: { command: x, wen: always }]'), 'INVALID', 'run.wen'],
    ['an unknown value of when', build('[run: { command: x, when: never }]'), 'INVALID', 'run.when'],
    [
      'a parameter of steps as an element of a list',
      build(
        '[say: { what: [run: x] }]',
        'commands: { say: { parameters: { what: { type: steps } }, steps: [<< parameters.what >>] } }',
      ),
      'UNDEFINED_COMMAND',
      'commands.say.steps[0]',
    ],
    ['a step with two names', build('[{ run: x, checkout: {} }]'), 'INVALID', 'steps[0]'],
    [
      'an unknown operator',
      build('[when: { condition: { xor: [1] }, steps: [] }]'),
      'INVALID',
      'condition.xor',
    ],
    [
      'a command that calls itself',
      build('[loop]', 'commands: { loop: { steps: [loop] } }'),
      'CYCLE',
      'commands.loop.steps[0].loop',
    ],
    [
      'jobs that wait for each other',
      'workflows: { all: { jobs: [party/meet: { name: a, requires: [b] }, party/meet: { name: b, requires: [a] }] } }',
      'CYCLE',
      'workflows.all.jobs',
    ],
    [
      'a required job that is not there',
      'workflows: { all: { jobs: [party/meet: { requires: [b] }] } }',
      'UNDEFINED_JOB',
      'party/meet.requires',
    ],
    [
      'an unknown status',
      'workflows: { all: { jobs: [party/meet: { name: a }, party/meet: { name: b, requires: [a: done] }] } }',
      'INVALID',
      'requires[0].a',
    ],
    [
      'two jobs of one name',
      'workflows: { all: { jobs: [party/meet, party/meet] } }',
      'INVALID',
      'workflows.all.jobs',
    ],
    [
      'a reserved name of a parameter',
      'jobs: { build: { parameters: { name: { type: string } }, docker: [{ image: x }], steps: [] } }\nworkflows: { all: { jobs: [build] } }',
      'INVALID',
      'parameters.name',
    ],
    [
      'a default of another type',
      build('[say]', 'commands: { say: { parameters: { x: { type: boolean, default: "no" } }, steps: [] } }'),
      'WRONG_TYPE',
      'parameters.x.default',
    ],
    [
      'steps for an executor',
      'executors: { e: { parameters: { s: { type: steps } }, docker: [{ image: x }] } }\njobs: { build: { executor: e, steps: [] } }\nworkflows: { all: { jobs: [build] } }',
      'INVALID',
      'parameters.s.type',
    ],
    [
      'a job without an executor',
      'jobs: { build: { steps: [] } }\nworkflows: { all: { jobs: [build] } }',
      'INVALID',
      'jobs.build',
    ],
    ['an unknown key of the root', 'job: {}', 'INVALID', 'config.job'],
  ];

  test.each(mistakes)('%s', (_, lines, problem, place) => {
    const found = problemOf(lines);
    expect(found).toEqual([problem, expect.stringContaining(place)]);
  });

  test('an orb that is not at hand', () => {
    expect(problemOf('', { orbs: {} })).toEqual(['UNDEFINED_ORB', 'orbs.party']);
  });
});
