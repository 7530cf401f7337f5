import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';

import { describeWith } from './support/requirements.ts';
import { run } from './support/processes.ts';

const repository = fileURLToPath(new URL('..', import.meta.url));

/** Where shell scripts are that others run. */
const places = [
  ...readdirSync(join(repository, 'packages')).map((name) => `packages/${name}/assets`),
  ...['orbs', 'gitlab-templates'],
];

const scripts = places.flatMap((place) => shellScripts(join(repository, place))).sort();

describeWith({ programs: ['shellcheck', 'dash', 'busybox'] }, 'shell scripts', () => {
  test('are there', () => {
    expect(scripts).toContain('packages/cli/assets/install.sh');
  });

  test.each(scripts)('%s passes shellcheck', async (script) => {
    const finished = await run('shellcheck', [script], { cwd: repository });
    expect(finished.stdout).toBe('');
    expect(finished.exitCode).toBe(0);
  });

  test.each(scripts)('%s evaluates no text', (script) => {
    expect(readFileSync(join(repository, script), 'utf8')).not.toMatch(/^[^#\n]*\beval\b/m);
  });

  test('the one that installs the command is understood by dash and busybox', async () => {
    for (const shell of [['dash'], ['busybox', 'ash']]) {
      const [program = '', ...args] = shell;
      const finished = await run(program, [...args, '-n', 'packages/cli/assets/install.sh'], {
        cwd: repository,
      });
      expect(finished).toMatchObject({ exitCode: 0, stderr: '' });
    }
  });
});

function shellScripts(dir: string): string[] {
  try {
    return readdirSync(dir, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.sh'))
      .map((name) => relative(repository, join(dir, name)));
  } catch {
    // Not every package has any.
    return [];
  }
}
