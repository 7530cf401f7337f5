import { describe, expect, test } from '@jest/globals';
import { lastWords, runProgram } from './run-program.ts';

describe('a program', () => {
  test('gets its input; its exit code and output are returned', async () => {
    const done = await runProgram(['sh', '-c', 'cat; echo no >&2; exit 3'], { stdin: 'in' });
    expect(done).toEqual({ exitCode: 3, stdout: 'in', stderr: 'no\n' });
  });

  test('gets exactly the given environment variables', async () => {
    const env = { PATH: '/usr/bin:/bin', A: '1' };
    const { stdout } = await runProgram(['env'], { env });
    expect(stdout.split('\n').sort()).toEqual(['', 'A=1', 'PATH=/usr/bin:/bin']);
  });

  test('ended by a signal has exit code 128 plus the signal number', async () => {
    expect((await runProgram(['sh', '-c', 'kill -9 $$'])).exitCode).toBe(137);
  });

  test('that does not exist has exit code 127 and a start error', async () => {
    const result = await runProgram(['no-such-program']);
    expect(result).toMatchObject({ exitCode: 127, startError: expect.anything() });
    expect(result.stderr).toContain('no-such-program');
    const ranShell = await runProgram(['sh', '-c', 'no-such-program']);
    expect(ranShell.exitCode).toBe(127);
    expect(ranShell.startError).toBeUndefined();
  });

  test('that is aborted rejects with ABORTED', async () => {
    const stop = new AbortController();
    const sleeping = runProgram(['sleep', '60'], { signal: stop.signal });
    stop.abort();
    await expect(sleeping).rejects.toMatchObject({ code: 'ABORTED' });
    await expect(runProgram(['true'], { signal: stop.signal })).rejects.toMatchObject({ code: 'ABORTED' });
  });

  test('is killed at its time limit, even if a child holds its output open', async () => {
    const { exitCode } = await runProgram(['sh', '-c', 'sleep 30 & sleep 60'], { timeoutMs: 50 });
    expect(exitCode).toBe(137);
  });

  test('is killed when it exceeds its output limit', async () => {
    const { exitCode, stdout } = await runProgram(['yes'], { maxOutput: 1000 });
    expect(exitCode).toBe(137);
    expect(stdout.length).toBeLessThan(1024 ** 2);
  });
});

test('lastWords joins the last lines that are not empty', () => {
  expect(lastWords({ exitCode: 1, stdout: 'a\n\n b\n', stderr: 'c\nd\n' })).toBe('b; c; d');
  expect(lastWords({ exitCode: 1, stdout: '', stderr: '\n' })).toBe('');
});
