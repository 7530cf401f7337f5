import { describe, expect, test } from '@jest/globals';
import { withEncodedForms } from './encoded-secrets.ts';
import { createMaskedLines } from './masked-lines.ts';
import { knownSecrets } from './secrets.ts';

const secrets = ['geheim!', 'pa/ss wörd+~*', 'a?b>c~d}e', 's3cret-Token_', `${'long/secret+'.repeat(20)}end`];

describe.each(secrets)('the secret %j', (secret) => {
  const shown = async (output: string): Promise<string> => {
    const known = withEncodedForms(await knownSecrets({ env: { API_TOKEN: secret }, homeDir: '/nowhere' }));
    const lines: string[] = [];
    const splitter = createMaskedLines(known, (line) => lines.push(line));
    splitter.write(Buffer.from(output));
    splitter.end();
    return lines.join('\n');
  };
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const forms: Readonly<Record<string, string>> = {
    plain: secret,
    base64: base64(secret),
    'base64 of a line': base64(`${secret}\n`),
    base64url: Buffer.from(secret).toString('base64url'),
    encodeURIComponent: encodeURIComponent(secret),
    'a form': new URLSearchParams({ '': secret }).toString().slice(1),
    'a form in lower case': encodeURIComponent(secret).replaceAll(/%../g, (code) => code.toLowerCase()),
    'a path': encodeURIComponent(secret).replaceAll('%2F', '/'),
  };

  test.each(Object.entries(forms))('is masked as %s', async (_, form) => {
    // Of the base64 of more than the secret, up to three characters belong to what surrounds it.
    expect(await shown(`before ${form} after`)).toMatch(/^before \*{3}[\w+/=]{0,4} after$/);
  });

  test.each(['a', 'ab', 'abc', 'user:'])(
    'is masked in the base64 of a text that begins with %s',
    async (prefix) => {
      const text = await shown(base64(`${prefix}${secret}:suffix`));
      expect(text).toContain('***');
      expect(text.replaceAll('*', '').length).toBeLessThanOrEqual(
        base64(prefix).length + base64(':suffix').length + 8,
      );
    },
  );

  test.each([76, 64])('is masked in base64 of lines of %d characters', async (length) => {
    const whole = base64(`${secret}\n`);
    const text = await shown(whole.replaceAll(new RegExp(`.{${String(length)}}`, 'g'), '$&\n'));
    expect(text.replaceAll(/[*\n]/g, '').length).toBeLessThanOrEqual(4);
  });
});
