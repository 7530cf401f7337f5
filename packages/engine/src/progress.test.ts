import { Readable } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import { readProgress, type ProgressLine } from './progress.ts';

async function linesOf(...chunks: (string | Buffer)[]): Promise<readonly ProgressLine[]> {
  const lines: ProgressLine[] = [];
  for await (const line of readProgress(Readable.from(chunks, { objectMode: true }))) lines.push(line);
  return lines;
}

describe('readProgress', () => {
  test('returns stream and status lines as text', async () => {
    expect(
      await linesOf('{"stream":"Loaded image: redis:7\\n"}\r\n{"status":"Pulling","id":"7"}\r\n'),
    ).toEqual([{ text: 'Loaded image: redis:7' }, { text: 'Pulling' }]);
  });

  test('joins lines that arrive in pieces, even when split within a character', async () => {
    const bytes = Buffer.from('{"stream":"größe"}\n');
    const cut = bytes.indexOf(0xc3) + 1;
    expect(await linesOf(bytes.subarray(0, cut), bytes.subarray(cut))).toEqual([{ text: 'größe' }]);
  });

  test('reads a last line without newline', async () => {
    expect(
      await linesOf('{"status":"a"}\n{"errorDetail":{"message":"disk full"},"error":"disk full"}'),
    ).toEqual([{ text: 'a' }, { text: '', error: 'disk full' }]);
  });

  test.each([
    ['{"error":"old style"}', 'old style'],
    ['{"errorDetail":{"code":1}}', 'no reason given'],
    ['{"error":""}', ''],
  ])('treats %s as an error', async (line, error) => {
    expect(await linesOf(line)).toEqual([{ text: '', error }]);
  });

  test('returns lines that are not JSON objects as text', async () => {
    expect(await linesOf('<html>\n\n[1]\nnull')).toEqual([
      { text: '<html>' },
      { text: '[1]' },
      { text: 'null' },
    ]);
  });

  test('removes control characters', async () => {
    expect(await linesOf('{"error":"a\\u001b[31mb"}')).toEqual([{ text: '', error: 'a [31mb' }]);
  });
});
