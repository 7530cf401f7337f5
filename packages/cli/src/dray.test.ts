import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { temporaryDirectory, type TemporaryDirectory } from '@drayage/core/testing';
import { generatedContent, startFaultyRegistry } from '@drayage/registry/testing';

const program = join(import.meta.dirname, '..', 'dist', 'dray.js');

interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface Started {
  readonly ended: Promise<Ended>;
  readonly kill: (signal: NodeJS.Signals) => void;
  /** Resolves once stderr holds `text`. */
  readonly says: (text: string) => Promise<void>;
}

/** The built program in a process of its own. */
function start(command: string, argv: readonly string[], cwd: string): Started {
  const env = { PATH: process.env['PATH'], HOME: cwd, DOCKER_HOST: `unix://${join(cwd, 'no.sock')}` };
  const child = spawn(command, argv, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return {
    ended: once(child, 'close').then(() => ({ exitCode: child.exitCode, stdout, stderr })),
    kill: (signal) => child.kill(signal),
    async says(text) {
      while (!stderr.includes(text)) await once(child.stderr, 'data');
    },
  };
}

/**
 * The processes of a group, without zombies.
 * @see proc_pid_stat(5)
 */
async function livingMembers(group: number): Promise<readonly string[]> {
  const processes = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const stats = await Promise.all(
    processes.map((pid) => readFile(join('/proc', pid, 'stat'), 'utf8').catch(() => '')),
  );
  return stats.filter((stat) => {
    const [state, , processGroup] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return Number(processGroup) === group && state !== 'Z';
  });
}

describe('the built program', () => {
  let directory: TemporaryDirectory;

  beforeEach(async () => {
    directory = await temporaryDirectory();
  });

  afterEach(() => directory.remove());

  function dray(...argv: string[]): Started {
    return start(process.execPath, [program, ...argv], directory.path);
  }

  test('prints its version', async () => {
    const manifest: unknown = JSON.parse(
      await readFile(join(import.meta.dirname, '..', 'package.json'), 'utf8'),
    );
    const ended = await dray('--version').ended;
    expect(manifest).toMatchObject({ version: ended.stdout.trim() });
    expect(ended).toMatchObject({ exitCode: 0, stderr: '' });
  });

  test('explains itself', async () => {
    expect(await dray('--help').ended).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('dray load'),
    });
  });

  test('loads no other library for that', async () => {
    const code = await readFile(program, 'utf8');
    const chunks = code.match(/from\s*"\.\/(chunks\/[^"]+)"/g) ?? [];
    const texts = [code];
    for (const chunk of chunks)
      texts.push(await readFile(join(program, '..', chunk.replace(/^.*"\.\/|"$/g, '')), 'utf8'));
    for (const library of [
      'undici',
      'dockerode',
      'cli-spinners',
      'BLOCK_FOLDED',
      'CIRCLE_PROJECT_REPONAME',
      'ONBUILD',
    ]) {
      expect(texts.some((text) => text.includes(library))).toBe(false);
    }
  });

  test('refuses wrong usage with 2', async () => {
    const ended = await dray('prepul').ended;
    expect(ended).toMatchObject({ exitCode: 2, stdout: '', stderr: expect.stringContaining('prepull') });
    expect(ended.stderr).not.toMatch(/\n {4}at /);
  });

  test('prints one JSON object on stdout, also for an error', async () => {
    const ended = await dray('bundle', 'inspect', 'nowhere', '--json').ended;
    expect([ended.exitCode, JSON.parse(ended.stdout)]).toMatchObject([
      3,
      { error: { code: 'BUNDLE_INVALID' } },
    ]);
  });

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('stops waiting at %s', async (signal, exitCode) => {
    const waiting = dray('wait', '--json');
    await waiting.says('waiting');
    waiting.kill(signal);
    const ended = await waiting.ended;
    expect([ended.exitCode, JSON.parse(ended.stdout)]).toMatchObject([
      exitCode,
      { error: { code: 'ABORTED' } },
    ]);
  });

  test('ends a preparation command, and what that started, when it is stopped', async () => {
    const prepull = dray('prepull', 'app:1', '--prepare', 'sleep 600 & echo group=$$ ready; wait', '--json');
    await prepull.says('ready\n');
    prepull.kill('SIGTERM');
    const ended = await prepull.ended;
    expect([ended.exitCode, JSON.parse(ended.stdout)]).toMatchObject([143, { outcome: 'cancelled' }]);
    const group = Number(/^prepare {2}group=(\d+)/m.exec(ended.stderr)?.[1]);
    expect(group).toBeGreaterThan(0);
    expect(await livingMembers(group)).toEqual([]);
  });

  test('publishes a cancelled status when stopped in the middle of a pre-pull', async () => {
    const registry = await startFaultyRegistry();
    try {
      const layer = registry.addBlob(
        generatedContent(1, 3_000_000),
        'application/vnd.oci.image.layer.v1.tar+gzip',
      );
      const config = registry.addBlob(
        new TextEncoder().encode('{}'),
        'application/vnd.oci.image.config.v1+json',
      );
      registry.addManifest('app', ['1'], {
        schemaVersion: 2,
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        config,
        layers: [layer],
      });
      registry.inject({
        kind: 'blob',
        effect: { kind: 'gate', afterBytes: 1000, gate: new Promise(() => undefined) },
      });
      const prepull = dray('prepull', `${registry.host}/app:1`, '--json');
      await prepull.says('app:1');
      prepull.kill('SIGTERM');
      const ended = await prepull.ended;
      expect([ended.exitCode, JSON.parse(ended.stdout)]).toMatchObject([143, { outcome: 'cancelled' }]);
      const status: unknown = JSON.parse(
        await readFile(join(directory.path, '.dray/bundle/dray-status.json'), 'utf8'),
      );
      expect(status).toMatchObject({ state: 'cancelled' });
    } finally {
      await registry.close();
    }
  });

  test('tolerates a reader that closes the pipe early', async () => {
    const pipe = `${process.execPath} ${program} completion bash | head -n 1; exit "\${PIPESTATUS[0]}"`;
    expect(await start('bash', ['-c', pipe], directory.path).ended).toMatchObject({
      exitCode: 0,
      stderr: '',
    });
  });

  test.each([
    ['dray pre', 'prepull'],
    ['dray bundle ', 'inspect verify unpack gc'],
    ['dray load --on-miss ', 'continue pull fail'],
    ['dray load --on-miss p', 'pull'],
    ['dray bundle verify --j', '--json'],
    ['dray completion ', 'bash zsh fish'],
    ['dray bundle inspect ', ''],
  ])('completes %j in bash', async (line, words) => {
    const script = `source <(${process.execPath} ${program} completion bash)
      IFS=' ' read -ra COMP_WORDS <<< "$1"; [[ $1 == *' ' ]] && COMP_WORDS+=('')
      COMP_CWORD=$(( \${#COMP_WORDS[@]} - 1 )); _dray; echo "\${COMPREPLY[*]}"`;
    const { stdout, stderr } = await start('bash', ['-c', script, 'bash', line], directory.path).ended;
    expect([stdout.trim(), stderr]).toEqual([words, '']);
  });
});
