import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';

import { packDirectory } from '../scripts/packaging/tarball.mjs';
import { makeFolder, removeFolder } from './support/folders.ts';
import { startNpmRegistry, type NpmRegistryOptions, type TestNpmRegistry } from './support/npm-registry.ts';
import { programOnPath } from './support/parts.ts';
import { run, runOrThrow, type Finished } from './support/processes.ts';
import {
  checksumsOf,
  installerPrograms,
  installScript,
  machine,
  makeRelease,
  type Release,
} from './support/released.ts';
import { nobodyId } from './support/unprivileged.ts';

const shells: Readonly<Record<string, readonly string[]>> = {
  dash: ['dash'],
  'bash -eo pipefail': ['bash', '-eo', 'pipefail'],
  'bash -u': ['bash', '-u'],
  'busybox ash': ['busybox', 'ash'],
};

/** Everything below a directory: the type of each entry, and the digest of each file. */
function treeOf(dir: string): readonly string[] {
  const entries = readdirSync(dir, { recursive: true, withFileTypes: true });
  const lines = entries.map((entry) => {
    const path = join(entry.parentPath, entry.name);
    const digest = entry.isFile() ? createHash('sha256').update(readFileSync(path)).digest('hex') : 'no file';
    return `${path}: ${digest}${entry.isSymbolicLink() ? ' (symlink)' : ''}`;
  });
  return [lstatSync(dir).isDirectory() ? 'directory' : 'other', ...lines.sort()];
}

describe('the script that installs the command', () => {
  let releaseFolder: string;
  let release: Release;
  let folder: string;
  let dir: string;
  let registries: TestNpmRegistry[];

  beforeAll(async () => {
    releaseFolder = makeFolder();
    chmodSync(releaseFolder, 0o755);
    release = await makeRelease(releaseFolder);
  });

  afterAll(() => removeFolder(releaseFolder));

  beforeEach(() => {
    folder = makeFolder();
    dir = join(folder, 'the cache of a "job" that isn\'t ours');
    registries = [];
  });

  afterEach(async () => {
    for (const registry of registries) await registry.stop();
    await removeFolder(folder);
  });

  const serve = async (options?: NpmRegistryOptions): Promise<TestNpmRegistry> => {
    const registry = await startNpmRegistry(release, options);
    registries.push(registry);
    return registry;
  };
  /** The default variables of the script. */
  const settings = (
    env: Readonly<Record<string, string | undefined>>,
  ): Record<string, string | undefined> => ({
    ...{ DRAY_INSTALL_VERSION: release.version, DRAY_INSTALL_DIR: dir, DRAY_INSTALL_FROM: undefined },
    ...{
      DRAY_INSTALL_CHECKSUMS: undefined,
      NODE_OPTIONS: undefined,
      http_proxy: undefined,
      no_proxy: '127.0.0.1',
      ...env,
    },
  });
  const install = (env: Readonly<Record<string, string | undefined>>): Promise<Finished> =>
    run('sh', [installScript], { env: settings(env) });
  const checksums = (): string => checksumsOf(release.command, release.standalone);
  const version = async (): Promise<string> => {
    const { stdout, stderr } = await runOrThrow(join(dir, 'bin/dray'), ['--version']);
    expect(stderr).toBe('');
    return stdout.trim();
  };
  const holdings = (): string[] => readdirSync(dir).sort();
  /** A PATH with only the installerPrograms and these programs, by name. */
  const pathWith = (programs: Readonly<Record<string, string>>): string => {
    const bin = join(folder, 'bin');
    rmSync(bin, { recursive: true, force: true });
    mkdirSync(bin);
    for (const name of installerPrograms) symlinkSync(programOnPath(name) ?? name, join(bin, name));
    for (const [name, program] of Object.entries(programs)) {
      if (!installerPrograms.includes(name)) symlinkSync(program, join(bin, name));
    }
    return bin;
  };
  const nodeThatSays = (text: string): string => {
    const node = join(folder, `node ${text}`);
    writeFileSync(node, `#!/bin/sh\necho ${text}\n`, { mode: 0o755 });
    return node;
  };
  const expectNothingInstalled = (finished: Finished): void => {
    expect(finished).toMatchObject({ exitCode: 1, stdout: '' });
    expect(finished.stderr).toMatch(/^cannot install dray: [^\n]+; [^\n]+\n$/);
    expect(existsSync(dir) ? holdings() : []).toEqual(existsSync(dir) ? ['bin'] : []);
    expect(existsSync(join(dir, 'bin/dray'))).toBe(false);
  };

  test.each(Object.keys(shells))(
    'is the body of a function in %s, and leaves the shell as it was',
    async (shell) => {
      const [program = '', ...args] = shells[shell] ?? [];
      const text = [
        `dray_install() (\n${readFileSync(installScript, 'utf8')}\n)`,
        'IFS=: before=$(pwd):$PATH:$-; name=mine from=here',
        'dray_install',
        'dray_install',
        'if DRAY_INSTALL_FROM=/nonexistent DRAY_INSTALL_VERSION=9.9.9 dray_install; then exit 5; fi',
        '[ "$(pwd):$PATH:$-" = "$before" ] && [ "$name $from $IFS" = "mine here :" ] && echo unchanged',
        `"$DRAY_INSTALL_DIR/bin/dray" --version`,
      ].join('\n');
      const finished = await run(program, [...args, '-c', text], {
        env: settings({ DRAY_INSTALL_FROM: release.folder }),
      });
      expect(finished.stdout).toBe(`unchanged\n${release.version}\n`);
      expect(finished.exitCode).toBe(0);
    },
  );

  test('accepts a single file, and gets the version from it', async () => {
    for (const { file, sha256 } of [release.command, release.standalone]) {
      expect(await install({ DRAY_INSTALL_FROM: file, DRAY_INSTALL_VERSION: undefined })).toMatchObject({
        exitCode: 0,
        stderr: '',
      });
      expect(await version()).toBe(release.version);
      expect(holdings()).toContain(sha256.slice(0, 16));
    }
  });

  test('asks a registry for one file, and the second time for none', async () => {
    const registry = await serve();
    const env = { DRAY_INSTALL_FROM: `${registry.url}/`, DRAY_INSTALL_CHECKSUMS: checksums() };
    expect(await install(env)).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await version()).toBe(release.version);
    expect(holdings()).toEqual([`${release.version}-node`, 'bin']);

    const again = await install(env);
    expect(again).toMatchObject({ exitCode: 0, stdout: '', stderr: '' });
    expect(registry.requests).toEqual([`GET /drayage/-/drayage-${release.version}.tgz`]);
  });

  test('accepts the URL of a file, and does not show its secrets', async () => {
    const { url, requests } = await serve();
    const address = `${url.replace('//', '//me:geheim@')}/drayage/-/${release.command.name}?token=geheim`;
    const env = { DRAY_INSTALL_FROM: address, DRAY_INSTALL_VERSION: undefined };
    expect(await install({ ...env, DRAY_INSTALL_CHECKSUMS: checksums() })).toMatchObject({
      exitCode: 0,
      stderr: '',
    });
    expect(await version()).toBe(release.version);

    const finished = await install({
      ...{ DRAY_INSTALL_FROM: address.replace('/-/', '/none/'), DRAY_INSTALL_VERSION: undefined },
      DRAY_INSTALL_CHECKSUMS: `${release.command.name}=${'0'.repeat(64)}`,
    });
    expect(finished.exitCode).toBe(1);
    expect(finished.stderr).toContain('404');
    expect(finished.stderr).not.toContain('geheim');
    expect(requests).toHaveLength(2);
  });

  const tools: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    curl: { curl: programOnPath('curl') ?? 'curl' },
    'GNU wget': { wget: programOnPath('wget') ?? 'wget' },
    "busybox's wget": { wget: programOnPath('busybox') ?? 'busybox' },
    'Node.js': {},
  };
  describe.each(Object.keys(tools))('with nothing but %s to download with', (tool) => {
    const path = (): string => pathWith({ node: process.execPath, ...tools[tool] });

    test('installs from a registry that keeps its files elsewhere', async () => {
      const { url, requests } = await serve({ answers: 'moved' });
      const env = { PATH: path(), DRAY_INSTALL_FROM: url, DRAY_INSTALL_CHECKSUMS: checksums() };
      expect(await install(env)).toMatchObject({ exitCode: 0, stdout: '', stderr: '' });
      expect(await version()).toBe(release.version);
      expect(requests).toHaveLength(2);
    });

    test('installs nothing when a download ends too early', async () => {
      const { url } = await serve({ answers: 'truncated' });
      expectNothingInstalled(
        await install({ PATH: path(), DRAY_INSTALL_FROM: url, DRAY_INSTALL_CHECKSUMS: checksums() }),
      );
    });

    test('says so when nothing answers', async () => {
      const registry = await startNpmRegistry(release);
      await registry.stop();
      const { url } = registry;
      const finished = await install({
        PATH: path(),
        DRAY_INSTALL_FROM: url,
        DRAY_INSTALL_CHECKSUMS: checksums(),
      });
      expectNothingInstalled(finished);
      expect(finished.stderr).toContain(url);
    });
  });

  test('installs nothing when there is nothing to download with', async () => {
    const { url, requests } = await serve();
    expectNothingInstalled(
      await install({ PATH: pathWith({}), DRAY_INSTALL_FROM: url, DRAY_INSTALL_CHECKSUMS: checksums() }),
    );
    expect(requests).toEqual([]);
  });

  test('refuses a file with another checksum, and shows both', async () => {
    const { url } = await serve();
    const wrong = 'ab'.repeat(32);
    for (const from of [url, release.folder, release.command.file]) {
      const finished = await install({
        DRAY_INSTALL_FROM: from,
        DRAY_INSTALL_CHECKSUMS: `${release.command.name}=${wrong}`,
      });
      expectNothingInstalled(finished);
      for (const told of [release.command.name, release.command.sha256, wrong])
        expect(finished.stderr).toContain(told);
    }
  });

  test('does not download a file without a known checksum', async () => {
    const { url, requests } = await serve();
    for (const from of [url, `${url}/drayage/-/${release.command.name}`]) {
      expectNothingInstalled(
        await install({ DRAY_INSTALL_FROM: from, DRAY_INSTALL_CHECKSUMS: checksumsOf(release.standalone) }),
      );
    }
    expect(requests).toEqual([]);
  });

  test.each([['sha256sum'], ['shasum', 'perl'], ['openssl'], ['node']])(
    'checks with %s',
    async (...programs) => {
      const { name, file, sha256 } = release.standalone;
      const path = pathWith(
        Object.fromEntries(programs.map((program) => [program, programOnPath(program) ?? program])),
      );
      if (!programs.includes('sha256sum')) rmSync(join(path, 'sha256sum'));
      const wrong = `${name}=${'0'.repeat(64)}`;
      const finished = await install({ PATH: path, DRAY_INSTALL_FROM: file, DRAY_INSTALL_CHECKSUMS: wrong });
      expectNothingInstalled(finished);
      expect(finished.stderr).toContain(`the checksum ${sha256},`);
    },
  );

  test('installs nothing from a file that it cannot check or unpack', async () => {
    const path = pathWith({});
    rmSync(join(path, 'sha256sum'));
    expectNothingInstalled(
      await install({ PATH: path, DRAY_INSTALL_FROM: release.folder, DRAY_INSTALL_CHECKSUMS: checksums() }),
    );
    const broken = join(folder, 'broken.tgz');
    writeFileSync(broken, readFileSync(release.command.file).subarray(0, 100_000));
    expectNothingInstalled(await install({ DRAY_INSTALL_FROM: broken }));
    rmSync(join(pathWith({}), 'tar'));
    expectNothingInstalled(await install({ PATH: path, DRAY_INSTALL_FROM: release.folder }));
  });

  test.each([
    ...['v18.20.4', 'v20.18.3', 'v21.7.3', 'v22.11.0', 'v23.11.1', '', 'what?'].map(
      (text) => [text, 'standalone'] as const,
    ),
    ...['v20.19.0', 'v22.12.0', 'v24.0.0', 'v26.10.0'].map((text) => [text, 'command'] as const),
  ])('with a Node.js that says it is %j takes the %s', async (text, wanted) => {
    const empty = join(folder, 'empty');
    mkdirSync(empty);
    const { stderr, exitCode } = await install({
      PATH: pathWith({ node: nodeThatSays(text) }),
      DRAY_INSTALL_FROM: empty,
    });
    expect(exitCode).toBe(1);
    expect(stderr).toContain(
      ` ${join(empty, release[wanted === 'command' ? 'command' : 'standalone'].name)};`,
    );
  });

  test('changes between the builds as the Node.js of the image does, and fetches each once', async () => {
    const { url, requests } = await serve();
    const env = { DRAY_INSTALL_FROM: url, DRAY_INSTALL_CHECKSUMS: checksums() };
    const curl = programOnPath('curl') ?? 'curl';
    const old = { ...env, PATH: pathWith({ node: nodeThatSays('v18.20.4'), curl }) };
    expect(await install(old)).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await version()).toBe(release.version);
    expect(readFileSync(join(dir, 'bin/dray'), 'utf8')).toContain(`${release.version}-${machine}`);
    expect(await install(env)).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await version()).toBe(release.version);
    expect(await install(old)).toMatchObject({ exitCode: 0, stderr: '' });
    expect(readFileSync(join(dir, 'bin/dray'), 'utf8')).toContain(`${release.version}-${machine}`);
    expect(requests).toHaveLength(2);
    expect(holdings()).toEqual([`${release.version}-${machine}`, `${release.version}-node`, 'bin']);
  });

  test('says that a file for Node.js is of no use without it', async () => {
    const finished = await install({ PATH: pathWith({}), DRAY_INSTALL_FROM: release.command.file });
    expectNothingInstalled(finished);
    expect(finished.stderr).toContain('Node.js');
  });

  test('says that a machine has no build', async () => {
    const uname = join(folder, 'uname');
    writeFileSync(
      uname,
      '#!/bin/sh\ncase $1 in -s) echo Linux ;; -m) echo riscv64 ;; *) echo Linux riscv64 ;; esac\n',
      { mode: 0o755 },
    );
    const path = pathWith({});
    rmSync(join(path, 'uname'));
    symlinkSync(uname, join(path, 'uname'));
    const finished = await install({ PATH: path, DRAY_INSTALL_FROM: release.folder });
    expectNothingInstalled(finished);
    expect(finished.stderr).toContain('riscv64');
  });

  test('removes what does not run', async () => {
    const broken = pathWith({ node: nodeThatSays('v24.0.0') });
    writeFileSync(
      join(folder, 'node v24.0.0'),
      '#!/bin/sh\n[ "$1" = --version ] && echo v24.0.0 && exit\necho "no memory" >&2\nexit 1\n',
    );
    const finished = await install({ PATH: broken, DRAY_INSTALL_FROM: release.folder });
    expectNothingInstalled(finished);
    expect(finished.stderr).toContain('no memory');
  });

  test('replaces a build of which something is missing', async () => {
    await install({ DRAY_INSTALL_FROM: release.folder });
    rmSync(join(dir, `${release.version}-node/dist/dray.js`));
    expect(await install({ DRAY_INSTALL_FROM: release.folder })).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await version()).toBe(release.version);
    expect(holdings()).toEqual([`${release.version}-node`, 'bin']);
  });

  describe('that finds a build in the cache of the CI system', () => {
    const marker = 'planted';
    const plant: Readonly<Record<string, (build: string) => void>> = {
      'whose program was changed': (build) => {
        writeFileSync(join(build, 'dist/dray.js'), `console.log('${marker}');\n`);
      },
      'that has one more file': (build) => {
        writeFileSync(join(build, 'dist/package.json'), `{"name":"${marker}","type":"module"}\n`);
      },
      'that has a symlink in place of a file': (build) => {
        const other = join(folder, 'other.js');
        writeFileSync(other, readFileSync(join(build, 'dist/dray.js')));
        rmSync(join(build, 'dist/dray.js'));
        symlinkSync(other, join(build, 'dist/dray.js'));
      },
      'that is a symlink': (build) => {
        renameSync(build, join(folder, marker));
        symlinkSync(join(folder, marker), build);
      },
      'whose program and archive were changed': (build) => {
        writeFileSync(join(build, 'dist/dray.js'), `console.log('${marker}');\n`);
        for (const name of readdirSync(build).filter((entry) => entry.endsWith('.tgz')))
          writeFileSync(join(build, name), marker);
      },
      'whose start script runs something else': (build) => {
        writeFileSync(join(build, '../bin/dray'), `#!/bin/sh\necho ${marker}\n`);
      },
    };

    test.each(Object.keys(plant))('%s, starts the program that the checksum names', async (what) => {
      const { url } = await serve();
      const env = { DRAY_INSTALL_FROM: url, DRAY_INSTALL_CHECKSUMS: checksums() };
      await install(env);
      const build = join(dir, `${release.version}-node`);
      const before = treeOf(build);
      plant[what]?.(build);
      expect(await install(env)).toMatchObject({ exitCode: 0, stderr: '' });
      expect(treeOf(build)).toEqual(before);
      expect(await version()).toBe(release.version);
      expect(holdings()).toEqual([`${release.version}-node`, 'bin']);
    });

    test('does not start it by another checksum, or by none', async () => {
      const { url } = await serve();
      await install({ DRAY_INSTALL_FROM: url, DRAY_INSTALL_CHECKSUMS: checksums() });
      for (const pin of [`${release.command.name}=${'0'.repeat(64)}`, undefined]) {
        const finished = await install({ DRAY_INSTALL_FROM: url, DRAY_INSTALL_CHECKSUMS: pin });
        expect(finished.exitCode).toBe(1);
        expect(finished.stderr).toContain('checksum');
      }
    });
  });

  test('may run several times at once', async () => {
    const env = { PATH: pathWith({}), DRAY_INSTALL_FROM: release.folder };
    const finished = await Promise.all([1, 2, 3].map(() => install(env)));
    for (const one of finished) expect(one).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await version()).toBe(release.version);
    expect(holdings()).toEqual([`${release.version}-${machine}`, 'bin']);
  });

  test('leaves nothing half-done when it is ended', async () => {
    const path = pathWith({});
    rmSync(join(path, 'tar'));
    writeFileSync(join(path, 'tar'), '#!/bin/sh\necho unpacking >"$BEGUN"\nread -r never <"$ENDED"\n', {
      mode: 0o755,
    });
    const [begun, ended] = [join(folder, 'begun'), join(folder, 'ended')];
    await runOrThrow('mkfifo', [begun, ended]);
    const job = 'sh "$0" & read -r word <"$BEGUN"; kill $!; echo >"$ENDED"; wait $!; echo "exit $?"';
    const env = { PATH: path, BEGUN: begun, ENDED: ended, DRAY_INSTALL_FROM: release.folder };
    const { stdout } = await run('sh', ['-c', job, installScript], { env: settings(env) });
    expect(stdout).toBe('exit 1\n');
    expect(holdings()).toEqual(['bin']);
  });

  test('removes what jobs that were killed have left, but not what others are making', async () => {
    for (const [name, ageHours] of [
      ['.new.killed', 49],
      ['.new.current', 1],
    ] as const) {
      mkdirSync(join(dir, name), { recursive: true });
      const then = Date.now() / 1000 - ageHours * 3600;
      utimesSync(join(dir, name), then, then);
    }
    expect(await install({ DRAY_INSTALL_FROM: release.folder })).toMatchObject({ exitCode: 0, stderr: '' });
    expect(holdings()).toEqual(['.new.current', `${release.version}-node`, 'bin']);
  });

  test('includes its own certificates, and puts no library paths into the environment', async () => {
    await install({ PATH: pathWith({}), DRAY_INSTALL_FROM: release.folder });
    const lib = join(dir, `${release.version}-${machine}`, 'lib');
    const loader = readdirSync(lib).find((name) => name.startsWith('ld-linux')) ?? 'no loader';
    const code =
      'console.log(tls.rootCertificates.length > 99, Object.keys(process.env).filter((name) => name.startsWith("LD_")))';
    const { stdout } = await runOrThrow(
      join(lib, loader),
      ['--library-path', lib, join(lib, 'node'), '-e', code],
      { env: { NODE_OPTIONS: undefined } },
    );
    expect(stdout).toBe('true []\n');
  });

  test.each([
    ['an invalid version', { DRAY_INSTALL_VERSION: 'latest' }],
    ['a version with a path in it', { DRAY_INSTALL_VERSION: '1.2.3/../../x' }],
    ['no version', { DRAY_INSTALL_VERSION: undefined }],
    ['a place that is not there', { DRAY_INSTALL_FROM: '/nonexistent' }],
    ['no home', { DRAY_INSTALL_DIR: undefined, XDG_CACHE_HOME: undefined, HOME: undefined }],
    ['a directory that is a file', { DRAY_INSTALL_DIR: '/dev/null/x' }],
  ])('refuses %s', async (_, env) => {
    expectNothingInstalled(await install({ DRAY_INSTALL_FROM: releaseFolder, ...env }));
  });

  test('installs for a user who owns only the home directory', async () => {
    chmodSync(folder, 0o777);
    const setpriv = programOnPath('setpriv') ?? 'setpriv';
    const user = String(nobodyId);
    const ids = ['--reuid', user, '--regid', user, '--clear-groups', '--inh-caps=-all'];
    const script = readFileSync(installScript, 'utf8');
    const env = {
      DRAY_INSTALL_FROM: release.folder,
      DRAY_INSTALL_DIR: undefined,
      XDG_CACHE_HOME: undefined,
      HOME: join(folder, 'home'),
    };
    const finished = await run(setpriv, [...ids, 'sh', '-c', script], {
      env: settings({ ...env, PATH: pathWith({}) }),
      cwd: '/',
    });
    expect(finished).toMatchObject({ exitCode: 0, stderr: '' });
    const { stdout } = await runOrThrow(setpriv, [
      ...ids,
      join(folder, 'home/.cache/drayage/cli/bin/dray'),
      '--version',
    ]);
    expect(stdout.trim()).toBe(release.version);
  });

  test('packs the same bytes of the same files, whenever they were written', async () => {
    await runOrThrow('tar', ['-xmzf', release.command.file, '-C', folder]);
    const file = join(folder, 'again.tgz');
    await packDirectory(join(folder, 'package'), file, 1);
    expect(readFileSync(file).equals(readFileSync(release.command.file))).toBe(true);
  });
});
