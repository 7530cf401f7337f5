import { describe, expect, test } from '@jest/globals';
import { lastWords, runProgram } from './run-program.ts';

describe('a program', () => {
  test('gives its exit code and what it printed, and gets its input', async () => {
    const done = await runProgram(['sh', '-c', 'cat; echo no >&2; exit 3'], { stdin: 'in' });
    expect(done).toEqual({ exitCode: 3, stdout: 'in', stderr: 'no\n' });
  });

  test('gets exactly the variables that it is given', async () => {
    const env = { PATH: '/usr/bin:/bin', A: '1' };
    const { stdout } = await runProgram(['env'], { env });
    expect(stdout.split('\n').sort()).toEqual(['', 'A=1', 'PATH=/usr/bin:/bin']);
  });

  test('that a signal ended counts as shells count', async () => {
    expect((await runProgram(['sh', '-c', 'kill -9 $$'])).exitCode).toBe(137);
  });

  test('that does not exist has exit code 127 and a reason', async () => {
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

  test('is killed after its time, also while its child holds the output open', async () => {
    const { exitCode } = await runProgram(['sh', '-c', 'sleep 30 & sleep 60'], { timeoutMs: 50 });
    expect(exitCode).toBe(137);
  });

  test('is killed when it prints more than it may', async () => {
    const { exitCode, stdout } = await runProgram(['yes'], { maxOutput: 1000 });
    expect(exitCode).toBe(137);
    expect(stdout.length).toBeLessThan(1024 ** 2);
  });
});

test('the last words are the last lines that are not empty', () => {
  expect(lastWords({ exitCode: 1, stdout: 'a\n\n b\n', stderr: 'c\nd\n' })).toBe('b; c; d');
  expect(lastWords({ exitCode: 1, stdout: '', stderr: '\n' })).toBe('');
});
