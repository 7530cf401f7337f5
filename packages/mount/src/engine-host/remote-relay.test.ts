import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { chosenRelay, choosingScript, relayed, relays, type Relay } from './remote-relay.ts';

let folder: string;
let server: Server;
let socketPath: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'relay-'));
  socketPath = join(folder, 'echo.sock');
  server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined).pipe(socket);
  });
  server.listen(socketPath);
  await once(server, 'listening');
});

afterEach(async () => {
  server.close();
  await rm(folder, { recursive: true });
});

function isThere({ check }: Relay): boolean {
  try {
    execFileSync('sh', ['-c', check], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const here = relays.filter(isThere);

function start(relay: Relay, path: string): ReturnType<typeof relayed> {
  const [program = '', ...args] = relay.argv(path);
  const child = spawn(program, args, { stdio: 'pipe' });
  child.stdin.on('error', () => undefined);
  return relayed(child, relay.name, 'tcp://engine');
}

describe.each(here)('relaying with $name', (relay) => {
  test('transfers everything both ways until either side ends', async () => {
    const connection = start(relay, socketPath);
    const sent = Buffer.alloc(1_000_000, '0123456789');
    connection.end(sent);
    const chunks: Buffer[] = [];
    for await (const chunk of connection) if (chunk instanceof Uint8Array) chunks.push(Buffer.from(chunk));
    expect(Buffer.concat(chunks).equals(sent)).toBe(true);
  });

  test('is interactive', async () => {
    const connection = start(relay, socketPath);
    for (const word of ['one', 'two']) {
      connection.write(word);
      expect(String((await once(connection, 'data'))[0])).toBe(word);
    }
    connection.destroy();
  });

  test('ends when the other side ends', async () => {
    server.removeAllListeners('connection').on('connection', (socket) => socket.end('bye'));
    const connection = start(relay, socketPath);
    expect((await connection.toArray()).join('')).toBe('bye');
    connection.destroy();
  });

  test('reports why it fails', async () => {
    const connection = start(relay, join(folder, 'missing.sock'));
    expect(await once(connection, 'error')).toMatchObject([
      { code: 'ENGINE_HELPER_FAILED', message: expect.stringContaining(relay.name) },
    ]);
  });
});

describe('the relay', () => {
  test('is the first available program', () => {
    const printed = execFileSync('sh', ['-c', choosingScript()], { encoding: 'utf8' });
    expect(chosenRelay(printed)).toBe(here[0]);
  });

  test('is undefined if no program is available', () => {
    const printed = execFileSync('/bin/sh', ['-c', choosingScript()], {
      encoding: 'utf8',
      env: { PATH: folder },
    });
    expect(chosenRelay(printed)).toBeUndefined();
  });

  test('fails when the helper container is lost', async () => {
    const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
    const connection = relayed({ stdin, stdout, stderr }, 'socat', 'tcp://engine');
    const failed = once(connection, 'error');
    stderr.destroy(new Error('connection reset'));
    expect(await failed).toMatchObject([{ code: 'ENGINE_HELPER_FAILED' }]);
  });
});
