import { appendFile, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { temporaryDirectory, type TemporaryDirectory } from '@drayage/core/testing';
import { runDray, type Ended } from '../testing/run-dray.ts';

describe('dray render', () => {
  let directory: TemporaryDirectory;
  beforeEach(async () => {
    directory = await temporaryDirectory();
  });
  afterEach(() => directory.remove());

  const render = (...args: string[]): Promise<Ended> =>
    runDray(['render', ...args], { cwd: directory.path, env: { DRAY_INTO: directory.path } });
  const report = async (...args: string[]): Promise<unknown> => {
    const { exitCode, stdout } = await render(...args, '--json');
    return { exitCode, ...JSON.parse(stdout) };
  };
  const orb = (): string => join(directory.path, 'orbs/drayage/orb.yml');
  const template = (): string => join(directory.path, 'gitlab-templates/prepull.yml');

  test('writes the orb and the templates, and finds nothing to do afterwards', async () => {
    expect(await report()).toMatchObject({ exitCode: 0, unexpected: [] });
    for (const file of [orb(), template()]) expect(await readFile(file, 'utf8')).toMatch(/^# generated/);
    expect(await report()).toMatchObject({ exitCode: 0, changed: [] });
    expect(await report('--check')).toMatchObject({ exitCode: 0, changed: [], unexpected: [] });
  });

  test('lists with --check what differs, is missing or is not rendered, and writes nothing', async () => {
    await render();
    await appendFile(orb(), '# by hand\n');
    await rm(template());
    await writeFile(join(directory.path, 'orbs/old.yml'), '');
    for (let turn = 0; turn < 2; turn += 1) {
      expect(await report('--check')).toMatchObject({
        exitCode: 3,
        changed: ['orbs/drayage/orb.yml', 'gitlab-templates/prepull.yml'],
        unexpected: ['orbs/old.yml'],
      });
    }
    expect((await render('gitlab', '--check')).exitCode).toBe(3);
    await render();
    expect(await readFile(orb(), 'utf8')).not.toContain('by hand');
  });

  test('pins the version of the program, and the checksums that it is given', async () => {
    const sums = join(directory.path, 'SHA256SUMS');
    const sha256 = 'a'.repeat(64);
    await writeFile(sums, `${sha256}  drayage-1.2.3.tgz\n`);
    await render('--checksums', sums);
    for (const file of [orb(), template()]) {
      const text = await readFile(file, 'utf8');
      expect(text).toContain('1.2.3');
      expect(text).toContain(sha256);
    }
  });

  test.each([
    ['jenkins', []],
    ['circleci', ['--checksums', 'nowhere']],
    ['gitlab', ['--checksums', 'dray.lock']],
  ])('refuses %s %j', async (system, args) => {
    await writeFile(join(directory.path, 'dray.lock'), 'not a list of checksums\n');
    expect(await render(system, ...args)).toMatchObject({ exitCode: 2 });
  });
});
