import { describe, expect, test } from '@jest/globals';
import type { EngineEndpoint } from '../endpoint/endpoint.ts';
import type { SshAddress } from '../endpoint/ssh-address.ts';
import { unreachable } from '../engine-errors.ts';
import { sshFailure } from './ssh-failure.ts';

const address: SshAddress = { kind: 'ssh', user: 'ci', host: 'builder', port: 2222 };
const endpoint: EngineEndpoint = { location: 'ssh://ci@builder:2222', origin: 'DOCKER_HOST', address };
const missing = Object.assign(new Error('spawn ssh ENOENT'), { code: 'ENOENT' });
const trial = 'ssh -p 2222 ci@builder docker version';

describe('an engine that ssh does not reach', () => {
  test.each([
    ['ssh is missing', { startError: missing }, 'ssh is not installed', 'Install'],
    [
      'of a refused key',
      { exitCode: 255, said: 'ci@builder: Permission denied (publickey).' },
      'ssh says "ci@builder: Permission denied',
      'key',
    ],
    [
      'of an unknown host key',
      { exitCode: 255, said: 'No key is known\r\nHost key verification failed.\r\n' },
      '"Host key verification failed."',
      'known_hosts',
    ],
    [
      'of the network',
      { exitCode: 255, said: 'ssh: connect to host builder port 2222: Connection refused' },
      'Connection refused',
      trial,
    ],
    [
      'docker is missing',
      { exitCode: 127, said: 'Welcome!\nsh: docker: not found\n' },
      'remote host says "sh: docker: not found"',
      'docker client',
    ],
    [
      'docker lacks permission',
      { exitCode: 1, said: 'permission denied while trying to connect' },
      'remote host says "permission denied',
      trial,
    ],
    ['of an unknown reason', { exitCode: 1 }, 'status 1', trial],
    ['of a signal', {}, 'was ended', trial],
  ])('because %s is unreachable, with a remedy', (_, end, said, remedy) => {
    expect(sshFailure(endpoint, address, { said: '', wasConnected: false, ...end })).toMatchObject({
      code: 'ENGINE_UNREACHABLE',
      message: expect.stringContaining(said),
      hint: expect.stringContaining(remedy),
    });
  });

  test('is named, with its origin', () => {
    const error = sshFailure(endpoint, address, { said: '', wasConnected: false });
    expect(error.message).toContain('ssh://ci@builder:2222 (from DOCKER_HOST)');
  });

  test('is shown without control characters', () => {
    const said = 'a \u001b[31mred\u0007 line';
    const error = sshFailure(endpoint, address, { exitCode: 255, said, wasConnected: false });
    expect(error.message).not.toMatch(/\p{Cc}/u);
  });
});

test('a connection that was in use breaks like any other', () => {
  const end = { exitCode: 255, said: 'Connection to builder closed by remote host.', wasConnected: true };
  expect(sshFailure(endpoint, address, end)).toMatchObject({
    code: 'ECONNRESET',
    message: expect.stringContaining('closed by remote host'),
  });
});

test('a response that is not HTTP leads to a hint about login scripts', () => {
  const error = Object.assign(new Error('Parse Error'), { code: 'HPE_INVALID_CONSTANT' });
  expect(unreachable(endpoint, error).hint).toContain('login scripts of builder');
  expect(unreachable(endpoint, new Error('no answer')).hint).toContain(trial);
});
