import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, describe, expect, test } from '@jest/globals';
import { ProgramConnection, type ProgramEnd } from './program-connection.ts';

const opened: ProgramConnection[] = [];

afterEach(() => {
  for (const connection of opened.splice(0)) connection.destroy();
});

interface Opened {
  readonly connection: ProgramConnection;
  /** How its program failed, if it did. */
  readonly ends: readonly ProgramEnd[];
}

function open(...argv: readonly string[]): Opened {
  const ends: ProgramEnd[] = [];
  const connection = new ProgramConnection(argv, (end) => {
    ends.push(end);
    return new Error('the program failed');
  });
  opened.push(connection);
  return { connection, ends };
}

const shell = (script: string): Opened => open('sh', '-c', script);

async function readAll(connection: ProgramConnection): Promise<Buffer> {
  return Buffer.concat(await connection.toArray());
}

/** True for a process that exists and is not a zombie. */
function isRunning(pid: string): boolean {
  const file = `/proc/${pid}/stat`;
  return existsSync(file) && !/\) Z /.test(readFileSync(file, 'utf8'));
}

async function untilGone(pid: string): Promise<void> {
  while (isRunning(pid)) await pause(5);
}

describe('a connection through a program', () => {
  test('carries bytes unchanged in both directions', async () => {
    const { connection } = open('cat');
    const sent = Buffer.alloc(3_000_000, Buffer.from([0, 255, 10, 13, 7]));
    connection.write(sent.subarray(0, 10));
    connection.end(sent.subarray(10));
    expect((await readAll(connection)).equals(sent)).toBe(true);
  });

  test('sends chunks that were written at once in order', async () => {
    const { connection } = open('cat');
    connection.cork();
    for (let n = 0; n < 100; n += 1) connection.write(`${n} `);
    connection.uncork();
    connection.end();
    const expected = Array.from({ length: 100 }, (_, n) => `${n} `).join('');
    expect(String(await readAll(connection))).toBe(expected);
  });

  test('can be read after its own end was sent', async () => {
    const { connection } = shell('cat >/dev/null; echo late');
    connection.end('x');
    expect(String(await readAll(connection))).toBe('late\n');
  });

  test('accepts no more than the program reads', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'program-'));
    const mayRead = join(folder, 'may-read');
    const { connection } = open(
      ...['sh', '-c', 'until [ -e "$1" ]; do sleep 0.05; done; exec cat >/dev/null', 'sh', mayRead],
    );
    const piece = Buffer.alloc(64 * 1024, 'y');
    let written = 0;
    while (connection.write(piece)) written += piece.byteLength;
    await pause(50);
    expect(connection.writableNeedDrain).toBe(true);
    expect(written).toBeLessThan(1_000_000);
    writeFileSync(mayRead, '');
    await once(connection, 'drain');
    rmSync(folder, { recursive: true });
  });

  test('reads no more than is consumed', async () => {
    const { connection } = open('yes');
    await once(connection, 'readable');
    await pause(50);
    expect(connection.readableLength).toBeLessThan(1_000_000);
  });

  test('ends the program and its children', async () => {
    const { connection } = shell('sleep 1000 & echo $! $$; wait');
    const said = await once(connection, 'data');
    const pids = String(said[0]).trim().split(' ');
    expect(pids.map(isRunning)).toEqual([true, true]);
    connection.destroy();
    for (const pid of pids) await untilGone(pid);
  });

  test('ends when the program succeeds', async () => {
    const { connection, ends } = shell('echo bye; exit 0');
    expect(String(await readAll(connection))).toBe('bye\n');
    expect(ends).toEqual([]);
  });
});

describe('a program that fails', () => {
  test('reports its status and error output after all of its output', async () => {
    const { connection, ends } = shell('printf first; echo "not good" >&2; exit 255');
    const chunks: string[] = [];
    connection.on('data', (chunk) => chunks.push(String(chunk)));
    await expect(once(connection, 'end')).rejects.toThrow('the program failed');
    expect(chunks).toEqual(['first']);
    expect(ends).toEqual([{ exitCode: 255, said: 'not good\n', wasConnected: true }]);
  });

  test('is reported instead of the pipe that it broke', async () => {
    const { connection, ends } = shell('exec <&-; sleep 0.1; echo no >&2; exit 3');
    connection.resume();
    connection.write(Buffer.alloc(1_000_000));
    await expect(once(connection, 'end')).rejects.toThrow('the program failed');
    expect(ends).toEqual([{ exitCode: 3, said: 'no\n', wasConnected: false }]);
  });

  test('is not awaited when another process keeps its standard error open', async () => {
    const { connection, ends } = shell('sleep 1000 >/dev/null & echo $! >&2; exit 1');
    connection.resume();
    await expect(once(connection, 'end')).rejects.toThrow('the program failed');
    expect(ends).toMatchObject([{ exitCode: 1, wasConnected: false }]);
    process.kill(Number(ends[0]?.said));
  });

  test('because of a signal has no status', async () => {
    const { connection, ends } = shell('kill -9 $$');
    connection.resume();
    await expect(once(connection, 'end')).rejects.toThrow('the program failed');
    expect(ends).toEqual([{ exitCode: undefined, said: '', wasConnected: false }]);
  });

  test('because it does not exist is reported', async () => {
    const { connection, ends } = open('/nonexistent/program');
    connection.write('x');
    await expect(once(connection, 'end')).rejects.toThrow('the program failed');
    expect(ends).toMatchObject([{ startError: { code: 'ENOENT' }, wasConnected: false }]);
  });

  test('is ignored after the connection was closed', async () => {
    const { connection, ends } = shell('trap "exit 7" TERM; echo on; sleep 1000 & wait');
    await once(connection, 'data');
    connection.destroy();
    await once(connection, 'close');
    await pause(50);
    expect(ends).toEqual([]);
  });
});
