import { describe, expect, test } from '@jest/globals';
import { createMaskedLines } from './masked-lines.ts';

const secret = 'hunter2-and-more';

function linesOf(chunks: readonly string[], secrets: readonly string[] = [secret]): readonly string[] {
  const lines: string[] = [];
  const splitter = createMaskedLines(new Set(secrets), (line) => lines.push(line));
  for (const chunk of chunks) splitter.write(Buffer.from(chunk));
  splitter.end();
  return lines;
}

describe('the output of a command', () => {
  test.each([
    ['in lines', ['a\nb\r\n', 'c'], ['a', 'b', 'c']],
    ['with progress bars', ['10%\r20%\r30%\n'], ['10%', '20%', '30%']],
    ['without empty lines', ['\n\na\n\n'], ['a']],
    ['without colours', ['\u001b[1;31mred\u001b[0m\u0007\n'], ['red']],
    ['with its tabs as spaces', ['a\tb\n'], ['a  b']],
  ])('comes %s', (_, chunks, expected) => {
    expect(linesOf(chunks)).toEqual(expected);
  });

  test('is masked also where a secret comes in two chunks', () => {
    expect(linesOf([`login ${secret.slice(0, 5)}`, `${secret.slice(5)} done\n`])).toEqual(['login *** done']);
  });

  test('keeps characters together that come in two chunks', () => {
    const [bytes, lines] = [Buffer.from('ü\n'), new Array<string>()];
    const splitter = createMaskedLines(new Set(), (line) => lines.push(line));
    for (const byte of bytes) splitter.write(Uint8Array.of(byte));
    expect(lines).toEqual(['ü']);
  });

  test.each([0, 3, 10])('shows no part of a secret where a long line is cut (offset %d)', (offset) => {
    const [line = ''] = linesOf([`${(secret + 'x').repeat(10_000).slice(offset)}\n`]);
    expect(line.length).toBeLessThan(5000);
    for (let size = 4; size <= secret.length - 10; size += 1)
      expect(line).not.toContain(secret.slice(0, size));
  });

  test('is not kept without bounds', () => {
    const [line = ''] = linesOf(Array.from({ length: 50 }, () => 'y'.repeat(100_000)));
    expect(line.length).toBeLessThan(5000);
  });
});
