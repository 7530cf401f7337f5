import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { listenerPid, parseUnixListeners } from './unix-listeners.ts';

const table = `Num       RefCount Protocol Flags    Type St Inode Path
ffff8881: 00000002 00000000 00010000 0001 01 20735 /run/docker.sock
ffff8882: 00000003 00000000 00000000 0001 03 20736 /run/docker.sock
ffff8883: 00000002 00000000 00010000 0001 01    77 @/abstract
ffff8884: 00000002 00000000 00010000 0001 01 20737
ffff8885: 00000002 00000000 00010000 0001 01 20738 /run/with space.sock
`;

describe('the sockets of /proc/net/unix', () => {
  test('that listen are listed with inode and path', () => {
    expect(parseUnixListeners(table)).toEqual([
      { inode: '20735', path: '/run/docker.sock' },
      { inode: '77', path: '@/abstract' },
      { inode: '20738', path: '/run/with space.sock' },
    ]);
  });
});

describe('the process that listens at a socket', () => {
  let folder: string;
  let server: Server;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'dray-unit-'));
    server = createServer();
    await new Promise<void>((resolve) => server.listen(join(folder, 's'), resolve));
  });
  afterEach(async () => {
    await new Promise((resolve) => server.close(resolve));
    rmSync(folder, { recursive: true });
  });

  test('is found by the socket path and by a link to it', async () => {
    symlinkSync(folder, `${folder}-link`);
    try {
      expect(await listenerPid(join(folder, 's'))).toBe(process.pid);
      expect(await listenerPid(join(`${folder}-link`, 's'))).toBe(process.pid);
    } finally {
      rmSync(`${folder}-link`);
    }
  });

  test('is undefined if no process listens', async () => {
    expect(await listenerPid(join(folder, 'none'))).toBeUndefined();
  });
});
