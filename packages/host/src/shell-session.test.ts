import { execFileSync } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import { askShell, becomeProgram, takeAnswer } from './shell-session.ts';

function inShell(text: string): string {
  return execFileSync('sh', { input: text, encoding: 'utf8' });
}

describe('a shell that is asked', () => {
  test('answers with what the script printed to both streams, and its exit code', () => {
    const text = inShell(askShell('echo "$1"; echo two >&2; exit 7', ["it's"], 'mark'));
    expect(takeAnswer(text, 'mark')).toEqual({
      answer: { exitCode: 7, output: "it's\ntwo\n" },
      rest: '',
    });
  });

  test('goes on after a script that ended, and gives it no input', () => {
    const text = inShell(askShell('cat; cd /; exit 1', [], 'mark') + askShell('printf x', [], 'mark'));
    const first = takeAnswer(text, 'mark');
    expect(first?.answer).toEqual({ exitCode: 1, output: '' });
    expect(takeAnswer(first?.rest ?? '', 'mark')?.answer).toEqual({ exitCode: 0, output: 'x' });
  });

  test('has not answered before the last line is whole', () => {
    expect(takeAnswer('something\nmark 1', 'mark')).toBeUndefined();
    expect(takeAnswer('', 'mark')).toBeUndefined();
  });

  test('becomes a program and ends as it does', () => {
    expect(inShell(becomeProgram(['sh', '-c', 'echo gone >&2'], '/dev/null') + 'echo still here\n')).toBe('');
  });
});
