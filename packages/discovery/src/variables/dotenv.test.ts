import { describe, expect, test } from '@jest/globals';
import { createWorkMeter } from '../work-meter.ts';
import { parseDotenv, type Dotenv } from './dotenv.ts';
import { recordLookup } from './record-lookup.ts';

const env = recordLookup({ HOME: '/home/me', TAG: 'env' });
const file = '.env';
const read = (text: string): Dotenv => parseDotenv(text, env, { file, meter: createWorkMeter(String) });
const parse = (text: string): Record<string, string> => Object.fromEntries(read(text).values);

describe('.env files', () => {
  test.each([
    ['A=1', { A: '1' }],
    ['export A = 1 ', { A: '1' }],
    ['A: 1', { A: '1' }],
    ['A=', { A: '' }],
    ['# A=1\n\n  \nB=2 # why', { B: '2' }],
    ['A=x#y', { A: 'x#y' }],
    ['A="x # y" # z', { A: 'x # y' }],
    ["A='$HOME'", { A: '$HOME' }],
    ['A="$HOME/x"\nB=${A}/y', { A: '/home/me/x', B: '/home/me/x/y' }],
    ['A="one\ntwo"\nB=3', { A: 'one\ntwo', B: '3' }],
    ['A="a\\nb\\"c"', { A: 'a\nb"c' }],
    ['TAG=file\nA=$TAG', { TAG: 'file', A: 'env' }],
    ['HOME\nNOWHERE', { HOME: '/home/me', NOWHERE: '' }],
    ['A=1\r\nB=2\r\n', { A: '1', B: '2' }],
    ['\uFEFFA=1', { A: '1' }],
    ["A='it", { A: "'it" }],
  ])('%j sets %j', (text, expected) => {
    expect(parse(text)).toEqual(expected);
  });

  test('lines that set nothing are listed', () => {
    expect(read('A=1\n?? what\nB 2\nC=3')).toMatchObject({ badLines: [2, 3] });
  });
});
