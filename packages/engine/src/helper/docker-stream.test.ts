import { PassThrough, Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { demultiplex } from './docker-stream.ts';

function frame(type: number, payload: string): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt8(type, 0);
  header.writeUInt32BE(Buffer.byteLength(payload), 4);
  return Buffer.concat([header, Buffer.from(payload)]);
}

async function outputsOf(chunks: readonly Uint8Array[]): Promise<{ stdout: string; stderr: string }> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const [out, err] = [stdout.setEncoding('utf8').toArray(), stderr.setEncoding('utf8').toArray()];
  await demultiplex(Readable.from(chunks), { stdout, stderr });
  stdout.end();
  stderr.end();
  return { stdout: (await out).join(''), stderr: (await err).join('') };
}

describe('the outputs of a program', () => {
  const whole = Buffer.concat([
    frame(1, 'one '),
    frame(2, 'oops '),
    frame(1, ''),
    frame(1, 'x'.repeat(70_000)),
    frame(2, 'again'),
  ]);
  const expected = { stdout: `one ${'x'.repeat(70_000)}`, stderr: 'oops again' };

  test.each([1, 3, 7, 8, 9, 13, 1000, 100_000])(
    'are separated when they arrive in chunks of %d bytes',
    async (size) => {
      const count = Math.ceil(whole.byteLength / size);
      const chunks = Array.from({ length: count }, (_, n) => whole.subarray(n * size, (n + 1) * size));
      expect(await outputsOf(chunks)).toEqual(expected);
    },
  );

  test('may be empty', async () => {
    expect(await outputsOf([])).toEqual({ stdout: '', stderr: '' });
  });

  test.each([
    ['within a header', [whole.subarray(0, 5)]],
    ['within a frame', [whole.subarray(0, 10)]],
    ['of another kind', [Buffer.from('HTTP/1.1 200 OK\r\n')]],
  ])('are refused when they end or break %s', async (_, chunks) => {
    await expect(outputsOf(chunks)).rejects.toThrow(RangeError);
  });

  test('are read no faster than they are consumed', async () => {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    let sent = 0;
    const source = async function* (): AsyncGenerator<Uint8Array> {
      for (; sent < 100; sent += 1) yield await Promise.resolve(frame(1, 'y'.repeat(10_000)));
    };
    const done = demultiplex(source(), { stdout, stderr });
    for (let turn = 0; turn < 50; turn += 1) await nextTurn();
    expect(sent).toBeLessThan(10);
    stdout.resume();
    await done;
    expect(sent).toBe(100);
  });

  test('go on when one of them is destroyed', async () => {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    stderr.destroy();
    await demultiplex(Readable.from([frame(2, 'lost'), frame(1, 'kept')]), { stdout, stderr });
    expect(String(stdout.read())).toBe('kept');
  });
});
