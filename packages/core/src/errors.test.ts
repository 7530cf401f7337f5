import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { summarizeError } from './error-summary.ts';
import { describeDiskFull, errorCodes } from './errors.ts';

const documentation = fileURLToPath(new URL('../../../docs/errors.md', import.meta.url));

describe('docs/errors.md', () => {
  test('documents every code and no others', async () => {
    const documented = [...(await readFile(documentation, 'utf8')).matchAll(/^\| `([A-Z0-9_]+)`/gm)].map(
      ([, code]) => code,
    );
    expect(documented).toEqual([...errorCodes]);
  });
});

test('a system error for a full disk becomes DISK_FULL, wherever it comes from', () => {
  const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  expect(summarizeError(full)).toMatchObject({
    code: 'DISK_FULL',
    message: 'cannot write a file: the disk is full',
  });
  expect(describeDiskFull(Object.assign(full, { path: '/data/x' }))).toMatchObject({
    message: 'cannot write /data/x: the disk is full',
    cause: full,
  });
  const other = new Error('other');
  expect(describeDiskFull(other)).toBe(other);
});
