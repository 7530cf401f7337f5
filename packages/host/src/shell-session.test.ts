import { execFileSync, spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { DrayError } from '@drayage/core';
import { openShellSession, type ShellSession } from './shell-session.ts';

const shells: ChildProcessWithoutNullStreams[] = [];

afterEach(() => {
  for (const shell of shells.splice(0)) shell.kill('SIGKILL');
});

function session(program = 'sh', ...args: readonly string[]): ShellSession {
  const shell = spawn(program, args, { stdio: 'pipe' });
  shell.stdin.on('error', () => undefined);
  shells.push(shell);
  return openShellSession(shell, {
    location: 'tcp://engine',
    lost: (said) => new DrayError('ENGINE_HELPER_FAILED', `cannot use the shell: it has ended (${said})`),
  });
}

describe('a shell somewhere else', () => {
  test('runs programs one after another and returns their outputs and exit codes', async () => {
    const { run } = session();
    expect(await run(['sh', '-c', 'echo out; echo err >&2; exit 7'])).toEqual({
      exitCode: 7,
      stdout: 'out\n',
      stderr: 'err\n',
    });
    expect(await run(['true'])).toEqual({ exitCode: 0, stdout: '', stderr: '' });
    expect(await run(['sh', '-c', 'kill -9 $$'])).toMatchObject({ exitCode: 137 });
  });

  test('keeps the outputs of concurrent calls apart', async () => {
    const { run } = session();
    const numbers = Array.from({ length: 20 }, (_, n) => String(n));
    const results = await Promise.all(numbers.map((number) => run(['echo', number])));
    expect(results.map(({ stdout }) => stdout)).toEqual(numbers.map((number) => `${number}\n`));
  });

  test.each(['', 'no line end', '\n\n', 'two\nlines\n', '0123456789 status\n', 'ü'])(
    'returns output unchanged: %j',
    async (text) => {
      expect(await session().run(['printf', '%s', text])).toEqual({ exitCode: 0, stdout: text, stderr: '' });
    },
  );

  test('returns a long output completely', async () => {
    const { stdout } = await session().run(['seq', '1', '200000']);
    expect(stdout).toHaveLength(1_288_895);
  });

  test.each(['', "it's", '$HOME `id` \\n %s', 'a\nb', 'x'.repeat(300_000)])(
    'passes input unchanged',
    async (stdin) => {
      const { stdout } = await session().run(['cat'], { stdin });
      expect(stdout === stdin).toBe(true);
    },
  );

  test('runs a program with empty input by default', async () => {
    const { run } = session();
    expect(await run(['cat'])).toMatchObject({ exitCode: 0, stdout: '' });
    expect(await run(['echo', 'still there'])).toMatchObject({ stdout: 'still there\n' });
  });

  test('reports a missing program and stays usable', async () => {
    const { run } = session();
    expect(await run(['no-such-program'])).toMatchObject({ exitCode: 127, startError: expect.anything() });
    const ranShell = await run(['sh', '-c', 'no-such-program']);
    expect(ranShell.exitCode).toBe(127);
    expect(ranShell.startError).toBeUndefined();
  });

  test('becomes a program, appends its output to a file, and ends with it', async () => {
    const log = join(await mkdtemp(join(tmpdir(), 'session-')), 'log');
    await writeFile(log, 'before\n');
    const it = session();
    const ended = new Promise<number | null>((resolve) => shells.at(-1)?.once('exit', resolve));
    await it.become(['sh', '-c', 'cat; echo out; echo err >&2; exit 5'], log);
    expect(await ended).toBe(5);
    expect(await readFile(log, 'utf8')).toBe('before\nout\nerr\n');
    await expect(it.run(['true'])).rejects.toMatchObject({ code: 'ENGINE_HELPER_FAILED' });
    await rm(dirname(log), { recursive: true });
  });

  test('enters another shell', async () => {
    const it = session();
    await it.enter(['env', 'PLACE=elsewhere']);
    await it.enter(['env', 'MORE=1']);
    expect(await it.run(['sh', '-c', 'echo $PLACE $MORE'])).toMatchObject({ stdout: 'elsewhere 1\n' });
  });

  test('fails with the reason, and is closed, if it cannot enter another shell', async () => {
    const it = session();
    const failure = it.enter(['sh', '-c', 'echo refused >&2; exit 1']);
    await expect(failure).rejects.toMatchObject({
      code: 'ENGINE_HELPER_FAILED',
      message: expect.stringContaining('refused'),
    });
    await expect(it.run(['true'])).rejects.toMatchObject({ code: 'ENGINE_HELPER_FAILED' });
  });

  test('that ends while a program runs rejects this call and all queued ones', async () => {
    const { run } = session();
    const waiting = [run(['sh', '-c', 'kill -9 $PPID']), run(['true'])];
    for (const failure of waiting)
      await expect(failure).rejects.toMatchObject({ code: 'ENGINE_HELPER_FAILED' });
  });

  test('rejects at once on abort, but finishes the program it has started', async () => {
    const { run } = session();
    const controller = new AbortController();
    const { signal } = controller;
    const begun = run(['sh', '-c', 'sleep 0.2; echo late'], { signal });
    const waiting = run(['echo', 'never'], { signal });
    controller.abort();
    for (const aborted of [begun, waiting]) await expect(aborted).rejects.toMatchObject({ code: 'ABORTED' });
    expect(await run(['echo', 'next'])).toMatchObject({ stdout: 'next\n' });
  });
});

describe('the shells of engine hosts', () => {
  const shells = [['dash'], ['bash'], ['busybox', 'sh']].filter(([program = '']) => isHere(program));

  test.each(shells)('%s %s works', async (program, ...args) => {
    const it = session(program, ...args);
    expect(await it.run(['cat'], { stdin: 'in' })).toMatchObject({ exitCode: 0, stdout: 'in' });
    expect(await it.run(['no-such-program'])).toMatchObject({ startError: expect.anything() });
    await it.enter(['env', 'PLACE=elsewhere']);
    expect(await it.run(['sh', '-c', 'echo $PLACE'])).toMatchObject({ stdout: 'elsewhere\n' });
  });
});

function isHere(program: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`]);
    return true;
  } catch {
    return false;
  }
}
