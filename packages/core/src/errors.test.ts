import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { errorCodes } from './errors.ts';

const documentation = fileURLToPath(new URL('../../../docs/errors.md', import.meta.url));

describe('docs/errors.md', () => {
  test('documents every code and no others', async () => {
    const documented = [...(await readFile(documentation, 'utf8')).matchAll(/^\| `([A-Z0-9_]+)`/gm)].map(
      ([, code]) => code,
    );
    expect(documented).toEqual([...errorCodes]);
  });
});
