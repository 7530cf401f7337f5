import { expect, test } from '@jest/globals';

import { checkOrb } from './check-orb.ts';

test('finds nothing in an orb that is right', () => {
  const orb = `
description: An orb
executors: { small: { docker: [{ image: "cimg/base:current" }] } }
commands: { greet: { parameters: { who: { type: string } }, steps: [run: "hello << parameters.who >>"] } }
jobs:
  meet:
    parameters: { where: { type: executor }, prepare: { type: steps } }
    executor: << parameters.where >>
    steps: [{ steps: << parameters.prepare >> }, { greet: { who: you } }]`;
  expect(checkOrb(orb)).toEqual([]);
});

test('finds a mistake behind a condition that is false by default, and one in an unused command', () => {
  const orb = `
executors: { small: { docker: [{ image: << parameters.tag >> }] } }
commands:
  greet:
    parameters: { loud: { type: boolean, default: false } }
    steps:
      - when: { condition: << parameters.loud >>, steps: [shout] }
      - unless: { condition: << parameters.loud >>, steps: [whisper] }
jobs:
  meet: { executor: huge, steps: [] }`;
  const found = checkOrb(orb).map(({ problem, place }) => [problem, place]);
  expect(found).toEqual([
    ['UNDEFINED_COMMAND', 'commands.greet[0].greet > commands.greet.steps[0].when.steps[0].shout'],
    ['UNDEFINED_PARAMETER', expect.stringContaining('executors.small')],
    ['UNDEFINED_EXECUTOR', expect.stringContaining('jobs.meet')],
  ]);
});

test('finds includes that were not packed and unknown keys', () => {
  const orb = { comands: {}, commands: { a: { steps: [{ run: '<<include(scripts/a.sh)>>' }] } } };
  expect(checkOrb(orb).map(({ problem }) => problem)).toEqual(['INVALID', 'INCLUDE_LEFT']);
});
