import { describe, expect, test } from '@jest/globals';
import { safeStreams, safeText } from './safe-text.ts';

const planted = [
  '::error::planted',
  '::warning file=a.ts,line=1::planted',
  '::add-mask::planted',
  '  ::set-output name=x::planted',
  '::stop-commands::token',
  '##[error]planted',
  '##[group]planted',
  '##vso[task.setvariable variable=x]planted',
  '##teamcity[buildStatus]',
  'section_start:1700000000:planted\r\u001b[0K',
  'section_end:1700000000:planted\r\u001b[0K',
  '\u001b[2J\u001b]0;title\u0007',
  '\u009b31m',
  '\u202eplanted',
  'a\u2028::error::b',
];
// As CI systems and terminals read them.
const steers =
  /^\s*::[a-z-]+(?: [^\n]*?)?::|##\[|##vso\[|##teamcity\[|section_(?:start|end):|(?!\n)\p{Cc}|[\u2028\u202e]/imu;

describe('text for people', () => {
  test.each(planted)('never steers: %j', (text) => {
    expect(text).toMatch(steers);
    for (const around of [text, `dray: ${text}`, `a\n${text}\nb\n`, `${text}${text}`]) {
      expect(safeText(around)).not.toMatch(steers);
      expect(safeText(around)).not.toMatch(/::[a-z-]+( [^\n]*)?::/);
    }
  });

  test.each([
    'registry [::1]:5000/app:1@sha256:abc\n',
    'std::string\n',
    '# Title\n## Second [link]\n',
    'a\tb\nc → d … é\n',
    'export DOCKER_HOST=unix:///run/x.sock\n',
  ])('is what it was where it steers nothing: %j', (text) => {
    expect(safeText(text)).toBe(text);
  });
});

test.each(planted)('JSON keeps %j as data and does not steer', (text) => {
  let written = '';
  const sink = { isTerminal: false, write: (part: string) => void (written += part) };
  const value = { text, [text]: [text] };
  safeStreams({ stdout: sink, stderr: sink }).stdout.write(`${JSON.stringify(value)}\n`);
  expect(JSON.parse(written)).toEqual(value);
  expect(written).not.toMatch(steers);
  expect(written).not.toMatch(/::(error|warning|add-mask|set-output)/);
});
