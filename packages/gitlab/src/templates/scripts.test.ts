import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { sampleDefinitions } from '../testing/templates/definitions.ts';
import { readScripts } from './scripts.ts';
import type { TemplateScripts } from './scripts.ts';

let scripts: TemplateScripts;
let dir = '';

beforeAll(async () => {
  scripts = await readScripts(sampleDefinitions);
});

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'scripts-'));
  await mkdir(join(dir, 'bin'));
});

afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

/** A program in the PATH of the scripts. */
async function program(name: string, text: string): Promise<void> {
  const path = join(dir, 'bin', name);
  await writeFile(path, `#!/bin/sh\n${text}\n`);
  await chmod(path, 0o755);
}

interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

type Env = Readonly<Record<string, string>>;

// busybox would take its own, whatever the PATH.
const noSleep = 'sleep() { :; }';

/** Runs scripts in one shell as GitLab does: with -e, from standard input. */
function run(shell: readonly string[], parts: readonly string[], env: Env = {}): Promise<Outcome> {
  const [file = 'sh', ...args] = shell;
  const path = `${join(dir, 'bin')}:/usr/bin:/bin`;
  return new Promise((resolve) => {
    const child = execFile(
      file,
      args,
      { env: { PATH: path, HOME: dir, TMPDIR: dir, DRAY_PREPULL_JOB: 'prepull', ...env } },
      (_, stdout, stderr) => {
        resolve({ status: child.exitCode ?? -1, stdout, stderr });
      },
    );
    child.stdin?.end(parts.join('\n'));
  });
}

describe.each([[['bash', '-eo', 'pipefail']], [['dash', '-eu']], [['busybox', 'ash', '-e']]])(
  'in %j',
  (shell) => {
    test('loading goes on after whatever failure', async () => {
      for (const status of [1, 2, 70, 143]) {
        await program('dray', `exit ${status}`);
        expect(await run(shell, [scripts.install, scripts.load, 'echo on'])).toMatchObject({
          status: 0,
          stdout: 'on\n',
        });
      }
    });

    test('loading fails the job only where that was asked for', async () => {
      await program('dray', 'exit "$STATUS"');
      expect(await run(shell, [scripts.load, 'echo on'], { STATUS: '3' })).toMatchObject({
        status: 3,
        stdout: '',
      });
      expect(await run(shell, [scripts.load, 'echo on'], { STATUS: '4' })).toMatchObject({
        status: 4,
        stdout: '',
      });
      const strict = { STATUS: '70', DRAY_STRICT: 'true' };
      expect((await run(shell, [scripts.load, 'echo on'], strict)).status).toBe(1);
    });

    test('loading needs no dray, except with strict', async () => {
      const env = { RESULT: '1', DRAY_INSTALL_VERSION: '1' };
      const outcome = await run(shell, [scripts.install, scripts.load, 'echo on'], env);
      expect(outcome).toMatchObject({ status: 0, stdout: 'installed 1\non\n' });
      expect(outcome.stderr).toContain('goes on');
      const strict = await run(shell, [scripts.install, scripts.load, 'echo on'], {
        ...env,
        DRAY_STRICT: 'true',
      });
      expect(strict.status).toBe(3);
    });

    test('a job that only has the script prints a warning, and does not wait', async () => {
      await program('dray', 'echo called');
      const outcome = await run(shell, [scripts.install, scripts.load, 'echo on'], { DRAY_PREPULL_JOB: '' });
      expect(outcome).toMatchObject({ status: 0, stdout: 'on\n' });
      expect(outcome.stderr).toContain('extend');
    });

    test("the user's shell stays as it was", async () => {
      await program('dray', 'cat; exit 1');
      const look = 'set | sed -n "s/=.*//p" | grep -v "^_$" | sort; echo "flags $-"';
      const env = { DRAY_INSTALL_VERSION: '1' };
      const before = await run(shell, [look], env);
      const after = await run(shell, [scripts.install, scripts.load, look], env);
      const added = after.stdout.split('\n').filter((line) => !before.stdout.split('\n').includes(line));
      expect(added.filter((name) => !/^(DRAY_[A-Z_]+|PIPESTATUS|BASH_.*)$/.test(name))).toEqual([]);
    });

    test('what is on the PATH is not installed', async () => {
      await program('dray', 'echo mine "$@"');
      const outcome = await run(shell, [scripts.install, scripts.load], { DRAY_INSTALL_VERSION: '1' });
      expect(outcome.stdout).toBe('mine load\n');
    });

    test('a pre-pull without dray fails, and with it ends as it does', async () => {
      expect((await run(shell, [scripts.prepull])).status).toBe(1);
      await program('dray', 'exit 3');
      expect((await run(shell, [scripts.prepull])).status).toBe(3);
    });

    test('the engine of a service is waited for', async () => {
      await program('docker', 'echo x >> "$HOME/tries"; [ "$(wc -l < "$HOME/tries")" -ge 3 ]');
      expect(await run(shell, [noSleep, scripts.awaitEngine, 'echo on'])).toMatchObject({
        status: 0,
        stdout: 'on\n',
      });
      expect(await readFile(join(dir, 'tries'), 'utf8')).toBe('x\nx\nx\n');
    });

    test('an engine that never comes fails nothing', async () => {
      await program('docker', 'exit 1');
      const outcome = await run(shell, [noSleep, scripts.awaitEngine, 'echo on'], {
        DOCKER_HOST: 'tcp://docker:2376',
      });
      expect(outcome).toMatchObject({ status: 0, stdout: 'on\n' });
      expect(outcome.stderr).toContain('tcp://docker:2376');
    });

    test('an engine that accepts no connection is given up in half a minute, too', async () => {
      await program('docker', 'echo x >> "$HOME/tries"; exec sleep 600');
      const soon = 'timeout() { shift; command timeout 1 "$@"; }';
      const outcome = await run(shell, [noSleep, soon, scripts.awaitEngine, 'echo on']);
      expect(outcome).toMatchObject({ status: 0, stdout: 'on\n' });
      expect((await readFile(join(dir, 'tries'), 'utf8')).length).toBeLessThanOrEqual(8);
    });

    test('without a docker client it is dray that is asked', async () => {
      await program(
        'dray',
        'echo x >> "$HOME/tries"; [ "$(wc -l < "$HOME/tries")" -ge 2 ] || echo \'{"kind":"no-engine"}\'',
      );
      const path = `${join(dir, 'bin')}:${join(dir, 'none')}`;
      for (const tool of ['wc', 'grep']) await program(tool, `exec /usr/bin/${tool} "$@"`);
      const outcome = await run(shell, [`PATH=${path}`, noSleep, scripts.awaitEngine, 'echo on']);
      expect(outcome).toMatchObject({ status: 0, stdout: 'on\n' });
      expect(await readFile(join(dir, 'tries'), 'utf8')).toBe('x\nx\n');
    });

    test('a private engine is where DOCKER_HOST points to', async () => {
      const exporting = `[ "$*" != 'ci load --private-engine' ] || echo "export DOCKER_HOST='unix:///run/mine'" > "$DRAY_EXPORT"`;
      await program('dray', exporting);
      const outcome = await run(shell, [scripts.privateEngine, 'echo "$DOCKER_HOST"']);
      expect(outcome).toMatchObject({ status: 0, stdout: 'unix:///run/mine\n' });
    });

    test.each(['a file', 'a symlink to a file', 'a directory'])(
      'a private engine is not taken from what another user has planted: %s',
      async (planted) => {
        const place = join(dir, 'drayage-7.sh');
        const text = `echo planted; export DOCKER_HOST=unix:///run/planted\n`;
        if (planted === 'a file') await writeFile(place, text);
        if (planted === 'a symlink to a file') {
          await writeFile(join(dir, 'evil'), text);
          await symlink(join(dir, 'evil'), place);
        }
        if (planted === 'a directory') {
          await mkdir(join(dir, 'drayage-7'));
          await writeFile(join(dir, 'drayage-7/engine.sh'), text);
        }
        const note = 'echo "$DRAY_EXPORT" > "$HOME/export"; echo "$DRAY_BUNDLE" > "$HOME/bundle"';
        await program('dray', `${note}; exit 1`);
        const env = { CI_JOB_ID: '7', DOCKER_HOST: 'unix:///run/own' };
        const outcome = await run(shell, [scripts.privateEngine, 'echo "$DOCKER_HOST"'], env);
        expect(outcome).toMatchObject({ status: 0, stdout: 'unix:///run/own\n' });
        for (const name of ['export', 'bundle']) {
          const used = (await readFile(join(dir, name), 'utf8')).trim();
          expect((await stat(dirname(used))).mode & 0o777).toBe(0o700);
          expect(used).not.toMatch(/drayage-7/);
        }
      },
    );

    test('what is received is kept where no other user can have put something', async () => {
      await mkdir(join(dir, 'drayage-7'));
      await program('dray', 'echo "$DRAY_BUNDLE"');
      const outcome = await run(shell, [scripts.load], { CI_JOB_ID: '7' });
      expect(outcome.stdout).not.toContain('drayage-7');
      expect((await stat(outcome.stdout.trim())).mode & 0o777).toBe(0o700);
    });

    test('where dray cannot start an engine, dockerd of the image is', async () => {
      await program('dockerd', 'echo started > "$HOME/dockerd"');
      await program('docker', 'exit 1');
      await program('dray', 'exit 70');
      const outcome = await run(shell, [scripts.privateEngine, 'wait', 'echo on']);
      expect(outcome).toMatchObject({ status: 0, stdout: 'on\n' });
      expect(await readFile(join(dir, 'dockerd'), 'utf8')).toBe('started\n');
    });

    test('tidying up fails nothing', async () => {
      await program('dray', 'echo "$@"; exit 1');
      const outcome = await run(shell, [scripts.stopEngine, scripts.trimBundle], { DRAY_BUNDLE: dir });
      expect(outcome).toMatchObject({ status: 0, stdout: 'engine stop\nbundle gc\n' });
    });
  },
);

test('no script has what GitLab would take for an input', () => {
  for (const script of Object.values(scripts)) expect(script).not.toContain('$[[');
});
