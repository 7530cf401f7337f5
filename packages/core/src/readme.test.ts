import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';

const run = promisify(execFile);
const packageDir = join(import.meta.dirname, '..');

function block(readme: string, language: string): string {
  const [, code] = readme.split(`\`\`\`${language}\n`);
  const [text, end] = code?.split('```') ?? [];
  if (text === undefined || end === undefined) throw new Error(`the README has no ${language} block`);
  return text;
}

test('the README’s example prints what the README says', async () => {
  const readme = await readFile(join(packageDir, 'README.md'), 'utf8');
  const argv = ['--input-type=module', '--eval', block(readme, 'js')];
  // Resolves the package by its own name, as if it were installed.
  const { stdout } = await run(process.execPath, argv, { cwd: packageDir });
  expect(stdout).toBe(block(readme, 'text'));
});
