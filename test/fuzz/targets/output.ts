import fc from 'fast-check';
import { DrayError, maskSecrets, printable, redactUrl } from '@drayage/core';
import { failureJson, failureText } from '../../../packages/cli/src/output/failure.ts';
import { safeStreams, safeText } from '../../../packages/cli/src/output/safe-text.ts';
import { claim, claimEqual, claimOneLine } from '../claims.ts';
import { jsonBytes, mutatedValues, type Json } from '../generators/json.ts';
import { pieced, repeated, steering } from '../generators/text.ts';
import { defineTarget, maxInputBytes, type Target } from '../target.ts';

const pieces = [
  ...steering,
  ...[
    '::',
    ':',
    'error',
    '##',
    '#',
    '[',
    ']',
    'vso',
    'section_start',
    'section_end',
    'group',
    '\n',
    '\r\n',
    '\t',
    ' ',
  ],
  ...['\u001b', '\u0007', '\u0085', '\u200e', '\u2066', '{', '}', '"', 'a', 'é', '😀', '\ud800'],
] as const;
const texts = fc.oneof({ arbitrary: pieced(pieces), weight: 19 }, { arbitrary: repeated(pieces), weight: 1 });

/** Written from what terminals and CI systems read, independent of the code under test. */
function claimHarmless(text: string): void {
  claim(!/[\0-\u0008\u000b-\u001f\u007f-\u009f]/.test(text), 'a control character is printed');
  claim(
    !/[\u2028\u2029\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]/.test(text),
    'a direction mark is printed',
  );
  for (const line of text.split('\n')) {
    claim(!/::[a-z][a-z-]*(?:\s[^\n]*?)?::/i.test(line), 'a workflow command of GitHub is printed');
    claim(!/##(?:\[|[a-z]+\[)/i.test(line), 'a log command of Azure or TeamCity is printed');
    claim(!/section_(?:start|end):\d/i.test(line), 'a section mark of GitLab is printed');
  }
}

const harmless = defineTarget('output-text', texts, (text) => {
  const safe = safeText(text);
  claimHarmless(safe);
  claimEqual(safeText(safe), safe, 'made harmless twice it differs');
  claimOneLine(printable(text), 'printable text');
  const error = new DrayError('STORE_IO', `cannot read ${text}`, { hint: text, cause: new Error(text) });
  claimHarmless(safeText(failureText(error, true)));
});

const reports: fc.Arbitrary<Json> = fc.record({
  images: fc.array(fc.record({ name: texts, note: fc.constant('a') }), { maxLength: 3 }),
});

function printed(text: string): string {
  let written = '';
  const sink = {
    isTerminal: false,
    write: (more: string) => {
      written += more;
    },
  };
  safeStreams({ stdout: sink, stderr: sink }).stdout.write(text);
  return written;
}

const json = defineTarget('output-json', mutatedValues(reports), (value) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return;
  const bytes = jsonBytes(value);
  const text = `${bytes.toString()}\n`;
  // dray prints what JSON.stringify makes of a report, which is never nested as deeply as this.
  if (bytes.length >= maxInputBytes || text.includes('['.repeat(1000))) return;
  const safe = printed(text);
  claimHarmless(safe);
  claimEqual(JSON.parse(safe), JSON.parse(text), 'the document changed');
  const error = new DrayError('STORE_IO', text.slice(0, 4000));
  claimEqual(JSON.parse(printed(failureJson(error))), JSON.parse(failureJson(error)), 'the error changed');
});

const secrets = defineTarget(
  'output-secrets',
  fc.record({
    before: texts,
    secret: fc.string({ minLength: 4, maxLength: 20 }),
    after: texts,
    others: fc.array(fc.string({ maxLength: 8 }), { maxLength: 4 }),
  }),
  ({ before, secret, after, others }) => {
    const masked = maskSecrets(`${before}${secret}${after}`, [...others, secret]);
    claim(
      !masked.includes(secret) || secret.includes('***') || '***'.includes(secret),
      'a secret is printed',
    );
  },
);

const urlParts = fc.record({
  scheme: fc.constantFrom('https://', 'http://', 's3://', 'gitlab://', 'gitlab:', '//', ''),
  user: fc.stringMatching(/^[a-z%40 :]{0,4}$/),
  host: fc.constantFrom('host', 'host:5000', 'host:99999', '[::1]', '10.0.0.1', 'ho st', ''),
  path: fc.constantFrom('', '/', '/a/b', '/a b', 'a'),
  query: fc.constantFrom('', '?token=S3CRET', '#S3CRET', '?a=\u001b[31mS3CRET'),
});

const urls = defineTarget('output-urls', urlParts, ({ scheme, user, host, path, query }) => {
  const shown = redactUrl(`${scheme}${user}:S3CRET@${host}${path}${query}`);
  claimOneLine(shown, 'a URL in a message');
  claim(!shown.toUpperCase().includes('S3CRET'), `a secret is shown: ${shown}`);
});

export const outputTargets: readonly Target[] = [harmless, json, secrets, urls];
