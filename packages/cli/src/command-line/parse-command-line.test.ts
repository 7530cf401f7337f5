import { describe, expect, test } from '@jest/globals';
import { parseCommandLine } from './parse-command-line.ts';

function command(...argv: string[]): Record<string, unknown> {
  const line = parseCommandLine(argv);
  if (line.kind !== 'command') return { kind: line.kind };
  const given = Object.fromEntries([...line.given].map(([key, { texts }]) => [key, texts]));
  return { name: line.command.name, args: line.args, given };
}

function problem(...argv: string[]): unknown {
  try {
    return command(...argv);
  } catch (error) {
    return error;
  }
}

describe('a command line', () => {
  test('names a command, arguments and options in any order', () => {
    expect(command('prepull', '--bundle', 'b', 'redis:7', '--json', 'postgres:17')).toEqual({
      name: 'prepull',
      args: ['redis:7', 'postgres:17'],
      given: { bundle: ['b'], json: ['true'], images: ['redis:7', 'postgres:17'] },
    });
  });

  test('accepts commands of two words', () => {
    expect(command('bundle', 'verify', 'dir', '--json')).toMatchObject({
      name: 'bundle verify',
      given: { bundle: ['dir'], json: ['true'] },
    });
  });

  test('keeps values as they are written', () => {
    expect(command('wait', '--pipeline', '0012', '--timeout=5m', '--only', 'a', '--only', 'b')).toMatchObject(
      {
        given: { pipeline: ['0012'], timeoutMs: ['5m'], only: ['a', 'b'] },
      },
    );
    expect(command('prepull', '12', '1.10')).toMatchObject({ args: ['12', '1.10'] });
  });

  test('can negate a setting from elsewhere', () => {
    expect(command('load', '--no-strict')).toMatchObject({ given: { strict: ['false'] } });
  });

  test('accepts an empty list, as templates pass it', () => {
    expect(command('load', '--only', '')).toMatchObject({ given: {} });
    expect(command('load', '--only', '', '--only', 'a')).toMatchObject({ given: { only: ['', 'a'] } });
  });

  test('does not mistake an image for the value of the option before it', () => {
    expect(command('prepull', '--optional', 'a', 'b')).toMatchObject({
      args: ['b'],
      given: { optional: ['a'] },
    });
  });

  test.each([
    [[], { kind: 'help', topic: undefined }],
    [['--help'], { kind: 'help', topic: undefined }],
    [['load', '-h'], { kind: 'help', topic: 'load' }],
    [['bundle', '--help'], { kind: 'help', topic: 'bundle' }],
    [['bundle', 'gc', '--help'], { kind: 'help', topic: 'bundle gc' }],
    [['--version'], { kind: 'version' }],
  ])('can ask about the program: %j', (argv, expected) => {
    expect(parseCommandLine(argv)).toEqual(expected);
  });

  test.each([
    [['prepul'], 'prepul', 'prepull'],
    [['bundle', 'verfy'], 'bundle verfy', 'bundle verify'],
    [['bundel'], 'bundel', 'bundle'],
    [['load', '--timeot', '1m'], '--timeot', '--timeout'],
    [['load', '--on-mis', 'pull'], '--on-mis', '--on-miss'],
  ])('with a typo gets a suggestion: %j', (argv, named, meant) => {
    expect(problem(...argv)).toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining(named),
      hint: expect.stringContaining(`Did you mean ${meant}?`),
    });
  });

  test.each([
    [['nonsense'], 'nonsense'],
    [['bundle'], 'bundle'],
    [['--json'], 'command'],
    [['load', '-x'], '-x'],
    [['load', '--platform', 'linux/amd64'], '--platform'],
    [['load', 'redis:7'], 'redis:7'],
    [['bundle', 'gc', 'a', 'b'], 'b'],
    [['load', '--timeout'], '--timeout'],
    [['load', '--timeout', '--json'], '--timeout'],
  ])('that is wrong names the word: %j', (argv, named) => {
    expect(problem(...argv)).toMatchObject({ code: 'USAGE', message: expect.stringContaining(named) });
  });
});
