import { execFileSync, spawn } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import { findShim, namingScript } from './remote-shim.ts';

const id = 'f90f4b9a01ee4b02cc255744eec1903e9ef9b4672988b69de8a54d06301d50b6';
const address = '/run/containerd/containerd.sock';

function printed(pid: number, ...argv: readonly string[]): string {
  return [`= ${String(pid)}`, ...argv, '', ''].join('\n');
}

const shim = ['/usr/bin/containerd-shim-runc-v2', '-namespace', 'moby', '-id', id, '-address', address];

describe('the shim of the helper container', () => {
  test.each([
    ['engines 20.10 to 29', shim],
    [
      'other flags around',
      ['/opt/bin/containerd-shim-runc-v2', '-debug', ...shim.slice(1), '-publish-binary', 'x'],
    ],
    ['joined flags', ['containerd-shim', '--namespace=moby', `--id=${id}`, `--address=${address}`]],
  ])('names the socket of containerd: %s', (_, argv) => {
    const text =
      printed(7, 'grep', '-ls', '-e', id) + printed(4242, ...argv) + printed(9, 'runc', 'init', id);
    expect(findShim(text, id)).toEqual({ pid: 4242, address, namespace: 'moby' });
  });

  test.each([
    ['nothing', ''],
    ['no shim', printed(7, 'grep', '-id', id, '-address', address, '-namespace', 'moby')],
    ['the shim of another container', printed(7, ...shim.map((arg) => (arg === id ? `${id}0` : arg)))],
    ['a shim without an address', printed(7, ...shim.slice(0, 5))],
    ['a shim with an address that is not a path', printed(7, ...shim.slice(0, 6), 'tcp://x')],
    ['a process that has ended', '= 12\n\n'],
  ])('is not found in %s', (_, text) => {
    expect(findShim(text, id)).toBeUndefined();
  });

  test('is found among real processes', () => {
    const secret = `${'0'.repeat(40)}${String(process.pid).padStart(24, '0')}`;
    const argv = ['-c', 'read _', '-namespace', 'moby', '-id', secret, '-address', '/x y'];
    const process_ = spawn('sh', argv, { argv0: '/bin/containerd-shim-test' });
    try {
      const text = execFileSync('sh', ['-c', namingScript(secret)], { encoding: 'utf8' });
      expect(findShim(text, secret)).toEqual({ pid: process_.pid, address: '/x y', namespace: 'moby' });
    } finally {
      process_.kill('SIGKILL');
    }
  });
});
