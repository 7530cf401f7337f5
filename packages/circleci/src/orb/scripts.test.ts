import { execFile } from 'node:child_process';
import { chmod, mkdir, readFile, readdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { parseStatus } from '@drayage/core';
import type { StatusDocument } from '@drayage/core';
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
    ORB_ROOT: root,
    ORB_KEY: 'key',
    ORB_INSTALL_DIR: join(dir.path, 'cli'),
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

async function statusAt(path: string): Promise<StatusDocument> {
  return parseStatus(await readFile(join(root, path, 'dray-status.json')));
}

async function bundle(node: string): Promise<void> {
  await mkdir(join(root, 'drayage/key', node), { recursive: true });
}

describe.each(shells)('in %s', (...shell) => {
  describe('begin', () => {
    it('leaves a status document that says that there was no pre-pull', async () => {
      expect((await runScript('begin', { CIRCLE_NODE_INDEX: '2' }, shell)).code).toBe(0);
      expect(await statusAt('drayage/.begun/key/2')).toMatchObject({ state: 'failed', images: [] });
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
      const env = { ORB_INSTALL_DIR: join(dir.path, name), DRAY_INSTALL_FROM: 'npm' };
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
      const env = { ORB_INSTALL_DIR: '~/cli', DRAY_INSTALL_FROM: 'npm' };
      await fakeDray('echo 1.2.3');
      await runScript('install', env, shell);
      expect(await linesOf('bash-env')).toEqual([`export PATH="${dir.path}/cli/bin:$PATH"`]);
    });
  });

  describe('prepull', () => {
    it('pre-pulls into a directory of this key and node, and keeps the report', async () => {
      await fakeDray('echo "{}"');
      expect((await runScript('prepull', { CIRCLE_NODE_INDEX: '1' }, shell)).code).toBe(0);
      expect(await linesOf('calls')).toEqual(['prepull --json']);
      expect(await linesOf('env')).toContain(`DRAY_BUNDLE=${root}/drayage/key/1`);
      expect(await linesOf('root/drayage/.report/prepull-key-1.json')).toEqual(['{}']);
    });

    it('sets nothing for parameters that leave it to the configuration file', async () => {
      await fakeDray('');
      const left = { DRAY_FORM: 'default', DRAY_STRICT: 'false', DRAY_FROZEN: '0', DRAY_REPACK: '1' };
      const env = { ...left, DRAY_GRACE: '0', ORB_LEFT_OPEN: Object.keys(left).join(' ') };
      await runScript('prepull', env, shell);
      expect(await linesOf('env')).toEqual([
        `DRAY_BUNDLE=${root}/drayage/key/0`,
        'DRAY_GRACE=0',
        'DRAY_REPACK=1',
      ]);
    });

    it('says what became of the pre-pull when the command did not, and fails no job', async () => {
      await fakeDray('exit 2');
      expect((await runScript('prepull', {}, shell)).code).toBe(0);
      expect(await statusAt('drayage/key/0')).toMatchObject({ state: 'failed' });
      expect((await runScript('check', {}, shell)).code).toBe(2);
    });

    it('leaves what the command says itself', async () => {
      const own = '{"version":1,"state":"cancelled"}';
      await fakeDray(`echo '${own}' >"$DRAY_BUNDLE/dray-status.json"; exit 3`);
      await runScript('prepull', {}, shell);
      expect(await linesOf('root/drayage/key/0/dray-status.json')).toEqual([own]);
    });

    it('ends the lease of a command that was killed, and keeps its images', async () => {
      await fakeDray(
        String.raw`printf '{\n  "state": "running",\n  "images": [{ "state": "ready" }]\n}\n' >"$DRAY_BUNDLE/dray-status.json"; kill -9 $$`,
      );
      expect((await runScript('prepull', {}, shell)).code).toBe(0);
      expect(await linesOf('root/drayage/key/0/dray-status.json')).toEqual([
        '{',
        '  "state": "failed",',
        '  "images": [{ "state": "ready" }]',
        '}',
      ]);
    });

    it('does not take the status of an earlier run for its own', async () => {
      await bundle('0');
      await writeFile(join(root, 'drayage/key/0/dray-status.json'), '{"state": "ready"}');
      await fakeDray('exit 1');
      await runScript('prepull', {}, shell);
      expect(await statusAt('drayage/key/0')).toMatchObject({ state: 'failed' });
    });

    it('records it when there is no command', async () => {
      expect((await runScript('prepull', {}, shell)).code).toBe(0);
      expect(await statusAt('drayage/key/0')).toMatchObject({ state: 'failed' });
      expect((await runScript('check', {}, shell)).code).toBe(1);
    });

    it('gives up after the time limit', async () => {
      await fakeDray('exec sleep 60');
      expect((await runScript('prepull', { ORB_TIME_LIMIT: '0.1s' }, shell)).code).toBe(0);
      expect(await statusAt('drayage/key/0')).toMatchObject({ state: 'failed' });
    });
  });

  describe('check', () => {
    it('does not fail a job whose pre-pull went well', async () => {
      await fakeDray('');
      await runScript('prepull', {}, shell);
      expect((await runScript('check', {}, shell)).code).toBe(0);
    });
  });

  describe('load', () => {
    const attached = { ORB_ATTACH: 'true', ORB_EXPORT: 'false' };

    it('loads the bundle of every node as a finished copy', async () => {
      await fakeDray('echo "$DRAY_BUNDLE $DRAY_SETTLED"');
      await bundle('0');
      await bundle('1');
      expect((await runScript('load', attached, shell)).code).toBe(0);
      expect(await linesOf('root/drayage/.report/load-key-0.json')).toEqual([`${root}/drayage/key/0 true`]);
      expect(await linesOf('root/drayage/.report/load-key-1.json')).toEqual([`${root}/drayage/key/1 true`]);
    });

    it('waits for the pre-pull of the same job when nothing is attached', async () => {
      await fakeDray('');
      expect((await runScript('load', { ...attached, ORB_ATTACH: '0' }, shell)).code).toBe(0);
      expect(await linesOf('env')).toEqual([`DRAY_BUNDLE=${root}/drayage/key/0`]);
    });

    it('waits at the handover when there is one', async () => {
      await fakeDray('');
      await runScript('load', { ...attached, DRAY_HANDOVER: 's3://bucket/run' }, shell);
      expect(await linesOf('env')).toEqual([
        `DRAY_BUNDLE=${root}/drayage/key/0`,
        'DRAY_HANDOVER=s3://bucket/run',
      ]);
    });

    it.each([
      ['no command', false],
      ['no bundle', true],
    ])('lets the job go on when there is %s', async (_, hasDray) => {
      if (hasDray) await fakeDray('');
      expect((await runScript('load', attached, shell)).code).toBe(0);
      expect((await runScript('load', { ...attached, DRAY_STRICT: 'true' }, shell)).code).toBe(3);
      expect((await runScript('load', { ...attached, DRAY_ON_MISS: 'fail' }, shell)).code).toBe(3);
    });

    it('lets the job go on when the command fails, unless strict is set', async () => {
      await fakeDray('exit 70');
      await bundle('0');
      expect((await runScript('load', attached, shell)).code).toBe(0);
      expect((await runScript('load', { ...attached, DRAY_STRICT: '1' }, shell)).code).toBe(70);
    });

    it('fails for a mistake in the parameters, which should be seen', async () => {
      await fakeDray('exit 2');
      await bundle('0');
      expect((await runScript('load', attached, shell)).code).toBe(2);
    });

    it('has DOCKER_HOST written for the steps that follow where an engine of our own is allowed', async () => {
      await fakeDray('');
      await bundle('0');
      await runScript('load', { ...attached, ORB_EXPORT: 'true' }, shell);
      expect(await linesOf('env')).toContain(`DRAY_EXPORT=${bashEnv}`);
    });
  });

  describe('start_engine', () => {
    it('starts an engine with the bundle, and has DOCKER_HOST written', async () => {
      await fakeDray('');
      await bundle('3');
      expect((await runScript('start_engine', {}, shell)).code).toBe(0);
      expect(await linesOf('calls')).toEqual(['engine start --json']);
      expect(await linesOf('env')).toEqual([`DRAY_BUNDLE=${root}/drayage/key/3`, `DRAY_EXPORT=${bashEnv}`]);
    });

    it('lets the job go on without, unless strict is set', async () => {
      await fakeDray('exit 3');
      expect((await runScript('start_engine', {}, shell)).code).toBe(0);
      expect((await runScript('start_engine', { DRAY_STRICT: 'true' }, shell)).code).toBe(3);
    });
  });

  describe('with sudo', () => {
    const becoming = { ORB_SUDO: 'true', ORB_TIME_LIMIT: '' };

    async function fakeUser(mayBecomeRoot: boolean): Promise<void> {
      const body = mayBecomeRoot ? 'while [ "$1" != "${1#-}" ]; do shift; done; exec "$@"' : 'exit 1';
      await fakeProgram('sudo', `echo "$*" >>"${join(dir.path, 'sudo')}"\n${body}`);
      await fakeProgram('id', 'echo 1000');
      await fakeProgram('chown', '');
    }

    it('runs as root, and lets the user of the job use the engine', async () => {
      await fakeDray('echo \'{"dockerHost":"unix:///run/drayage/0123456789ab/docker.sock"}\'');
      await fakeUser(true);
      expect((await runScript('start_engine', becoming, shell)).code).toBe(0);
      const lines = (await linesOf('sudo')).map((line) => line.replace(/PATH=\S+/, 'PATH=…'));
      expect(lines.filter((line) => line !== '-n true')).toEqual([
        '-n -E env PATH=… dray engine start --json',
        '-n chown 1000 /run/drayage/0123456789ab /run/drayage/0123456789ab/docker.sock',
      ]);
      expect(await linesOf('env')).toContain(`DRAY_EXPORT=${bashEnv}`);
    });

    it('gives away nothing but the socket of an engine of ours', async () => {
      await fakeDray('echo \'{"dockerHost":"unix:///run/drayage/../../etc/docker.sock"}\'');
      await fakeUser(true);
      await runScript('start_engine', becoming, shell);
      expect((await linesOf('sudo')).filter((line) => line.includes('chown'))).toEqual([]);
    });

    it('runs as it is where sudo is not allowed', async () => {
      await fakeDray('');
      await fakeUser(false);
      expect((await runScript('start_engine', becoming, shell)).code).toBe(0);
      expect(await linesOf('calls')).toEqual(['engine start --json']);
    });
  });

  describe('report', () => {
    it('collects the status and the content of each bundle', async () => {
      await fakeDray('[ "$1" = prepull ] || echo "inspected $3"');
      await runScript('begin', {}, shell);
      await runScript('prepull', {}, shell);
      await writeFile(join(root, 'drayage/key/0/dray-status.json'), '{}');
      expect((await runScript('report', {}, shell)).code).toBe(0);
      expect((await readdir(join(root, 'drayage/.report'))).sort()).toEqual([
        'begun-key-0.status.json',
        'bundle-key-0.status.json',
        'bundle-key-0.txt',
        'prepull-key-0.exit-code',
        'prepull-key-0.json',
      ]);
      expect(await linesOf('root/drayage/.report/bundle-key-0.txt')).toEqual([
        `inspected ${root}/drayage/key/0`,
      ]);
    });

    it('fails no job that has nothing to report', async () => {
      expect((await runScript('report', {}, shell)).code).toBe(0);
    });
  });
});
