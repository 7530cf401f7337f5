import { execFile } from 'node:child_process';
import { chmod, mkdir, readFile, readdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { temporaryDirectory } from '@drayage/core/testing';
import type { TemporaryDirectory } from '@drayage/core/testing';
import { sampleDefinitions } from '../testing/sample-definitions.ts';
import { orbScripts } from './scripts.ts';

/** As CircleCI starts the steps of an image with bash, and of one without. */
const shells = [
  ['bash', '-eo', 'pipefail'],
  ['sh', '-e'],
] as const;

interface Outcome {
  readonly code: number;
  readonly stderr: string;
}

let scripts: ReadonlyMap<string, string>;
let dir: TemporaryDirectory;
let root: string;
let bashEnv: string;

beforeAll(async () => {
  const installScript =
    '#!/bin/sh\n[ "$DRAY_INSTALL_FROM" != broken ] || exit 1\necho "from $DRAY_INSTALL_FROM"\n';
  scripts = await orbScripts(sampleDefinitions({ installScript }));
});

beforeEach(async () => {
  dir = await temporaryDirectory();
  root = join(dir.path, 'root');
  bashEnv = join(dir.path, 'bash-env');
  await writeFile(bashEnv, '');
});

afterEach(() => dir.remove());

/** A command of which it is noted how it was called, and with what. */
async function fakeDray(body: string): Promise<void> {
  const note = `env | grep ^DRAY_ | sort >>"${join(dir.path, 'env')}"; echo "$*" >>"${join(dir.path, 'calls')}"`;
  await fakeProgram('dray', `${note}\n${body}`);
}

async function fakeProgram(name: string, body: string): Promise<void> {
  const path = join(dir.path, 'cli/bin', name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `#!/bin/sh\n${body}\n`);
  await chmod(path, 0o755);
}

async function runScript(
  name: string,
  env: Readonly<Record<string, string>> = {},
  [shell, ...args]: readonly [string, ...string[]] = shells[0],
): Promise<Outcome> {
  const path = join(dir.path, `${name}.sh`);
  await writeFile(path, scripts.get(name) ?? 'exit 99');
  const { PATH = '' } = process.env;
  const places = {
    DRAY_WORKSPACE: root,
    DRAY_KEY: 'key',
    DRAY_INSTALL_DIR: join(dir.path, 'cli'),
    BASH_ENV: bashEnv,
  };
  // What bash would read before the script is for the steps that follow.
  const options = { env: { PATH, HOME: dir.path, ...places, ...env }, cwd: dir.path };
  return new Promise((resolve) => {
    execFile(shell, [...args, path], options, (error, _, stderr) => {
      resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : -1, stderr });
    });
  });
}

async function linesOf(name: string): Promise<readonly string[]> {
  const text = await readFile(join(dir.path, name), 'utf8').catch(() => '');
  return text.split('\n').filter((line) => line !== '');
}

describe.each(shells)('in %s', (...shell) => {
  describe('begin', () => {
    it('records by the command that the job has begun', async () => {
      await fakeDray('');
      expect((await runScript('begin', { CIRCLE_NODE_INDEX: '2' }, shell)).code).toBe(0);
      expect(await linesOf('calls')).toEqual(['ci begin']);
    });

    it('leaves something to persist where there is no command', async () => {
      expect((await runScript('begin', { CIRCLE_NODE_INDEX: '2' }, shell)).code).toBe(0);
      expect(await linesOf('root/drayage/.begun/key/2/problem.txt')).toEqual([
        'this job has no working dray command',
      ]);
    });
  });

  describe('install', () => {
    it('puts the command on the PATH of the steps that follow', async () => {
      await fakeDray('echo 1.2.3');
      expect((await runScript('install', { DRAY_INSTALL_FROM: 'npm' }, shell)).code).toBe(0);
      expect(await linesOf('bash-env')).toEqual([`export PATH="${join(dir.path, 'cli')}/bin:$PATH"`]);
    });

    it('puts a directory of any name on the PATH, and runs nothing of the name', async () => {
      const name = `$(touch hit) \`touch hit\` "'\\ \\" \$HOME`;
      await fakeDray('echo 1.2.3');
      await rename(join(dir.path, 'cli'), join(dir.path, name));
      const env = { DRAY_INSTALL_DIR: join(dir.path, name), DRAY_INSTALL_FROM: 'npm' };
      expect((await runScript('install', env, shell)).code).toBe(0);
      await writeFile(join(dir.path, 'later'), '. "$1"; command -v dray');
      const { stdout } = await promisify(execFile)('sh', [join(dir.path, 'later'), bashEnv], {
        cwd: dir.path,
      });
      expect(stdout.trim()).toBe(join(dir.path, name, 'bin/dray'));
      expect(await readdir(dir.path)).not.toContain('hit');
    });

    it('fails no job, and keeps what has failed out of the cache', async () => {
      const env = { DRAY_INSTALL_FROM: 'broken', DRAY_INSTALL_CHECKSUMS: '' };
      await runScript('cache_key', env, shell);
      const key = await readFile(join(root, 'drayage/.cli-build'), 'utf8');
      expect((await runScript('install', env, shell)).code).toBe(0);
      expect(await readFile(join(root, 'drayage/.cli-build'), 'utf8')).not.toBe(key);
      expect(await readdir(join(dir.path, 'cli'))).toEqual([]);
      expect(await linesOf('bash-env')).toEqual([]);
    });

    it('has a cache of its own for each Node.js and each source', async () => {
      const key = async (from: string): Promise<string> => {
        await runScript('cache_key', { DRAY_INSTALL_FROM: from, DRAY_INSTALL_CHECKSUMS: '' }, shell);
        return readFile(join(root, 'drayage/.cli-build'), 'utf8');
      };
      expect(await key('npm')).toContain(process.version.slice(0, 2));
      expect(await key('npm')).not.toBe(await key('https://mirror.example'));
    });

    it('takes ~ for the home directory', async () => {
      const env = { DRAY_INSTALL_DIR: '~/cli', DRAY_INSTALL_FROM: 'npm' };
      await fakeDray('echo 1.2.3');
      await runScript('install', env, shell);
      expect(await linesOf('bash-env')).toEqual([`export PATH="${dir.path}/cli/bin:$PATH"`]);
    });
  });

  describe('prepull', () => {
    it('runs the step of the command, and passes on what it is given', async () => {
      await fakeDray('');
      expect((await runScript('prepull', { DRAY_FORM: 'packs' }, shell)).code).toBe(0);
      expect(await linesOf('calls')).toEqual(['ci prepull']);
      expect(await linesOf('env')).toEqual([
        'DRAY_FORM=packs',
        `DRAY_INSTALL_DIR=${join(dir.path, 'cli')}`,
        'DRAY_KEY=key',
        `DRAY_WORKSPACE=${root}`,
      ]);
    });

    it('takes ~ for the home directory', async () => {
      await fakeDray('');
      const env = { DRAY_WORKSPACE: '~/here', DRAY_INSTALL_DIR: '~/cli' };
      expect((await runScript('prepull', env, shell)).code).toBe(0);
      expect(await linesOf('env')).toContain(`DRAY_WORKSPACE=${dir.path}/here`);
    });

    it.each([
      ['no command', ''],
      ['a command that crashes', 'kill -9 $$'],
    ])('leaves a note for later jobs when there is %s, and fails no job', async (_, body) => {
      if (body !== '') await fakeDray(body);
      expect((await runScript('prepull', {}, shell)).code).toBe(0);
      expect(await linesOf('root/drayage/key/0/problem.txt')).toEqual([
        'nothing is pre-pulled: there is no working dray command',
      ]);
    });
  });

  describe('check', () => {
    it('ends as the command does, and fails without it', async () => {
      expect((await runScript('check', {}, shell)).code).toBe(1);
      await fakeDray('exit 2');
      expect((await runScript('check', {}, shell)).code).toBe(2);
      expect(await linesOf('calls')).toEqual(['ci check']);
    });
  });

  describe.each([
    ['load', 'ci load'],
    ['start_engine', 'ci engine'],
  ])('%s', (script, call) => {
    it('runs the step of the command', async () => {
      await fakeDray('');
      expect((await runScript(script, {}, shell)).code).toBe(0);
      expect(await linesOf('calls')).toEqual([call]);
    });

    it('lets the job go on when there is no command, unless strict is set', async () => {
      expect((await runScript(script, {}, shell)).code).toBe(0);
      expect((await runScript(script, { DRAY_STRICT: 'true' }, shell)).code).toBe(3);
      expect((await runScript(script, { DRAY_ON_MISS: 'fail' }, shell)).code).toBe(3);
    });

    it('lets the job go on when the command crashes, unless strict is set', async () => {
      await fakeDray('exit 70');
      expect((await runScript(script, {}, shell)).code).toBe(0);
      expect((await runScript(script, { DRAY_STRICT: '1' }, shell)).code).toBe(70);
      expect((await runScript(script, { DRAY_STRICT: 'false', DRAY_ON_MISS: 'pull' }, shell)).code).toBe(0);
    });

    it.each([2, 3, 4])(
      'fails with the exit code %i, which the command only has where it should',
      async (code) => {
        await fakeDray(`exit ${String(code)}`);
        expect((await runScript(script, {}, shell)).code).toBe(code);
      },
    );
  });

  describe('report', () => {
    it('runs the step of the command, and fails no job without it', async () => {
      expect((await runScript('report', {}, shell)).code).toBe(0);
      expect(await readdir(join(root, 'drayage/.report'))).toEqual([]);
      await fakeDray('exit 70');
      expect((await runScript('report', {}, shell)).code).toBe(0);
      expect(await linesOf('calls')).toEqual(['ci report']);
    });
  });
});

describe('the scripts', () => {
  it('are short, except the one that installs the command', () => {
    for (const [name, text] of scripts) {
      const lines = text.split('\n').filter((line) => line !== '');
      if (name !== 'install') expect([name, lines.length <= 25]).toEqual([name, true]);
    }
  });

  it('leave JSON to the command', () => {
    for (const [name, text] of scripts) if (name !== 'install') expect(text).not.toMatch(/json|"\}|\{"/);
  });
});
