import { expect, test } from '@jest/globals';
import type { SshAddress } from '../endpoint/ssh-address.ts';
import { sshCommand } from './ssh-command.ts';
import { trialCommand } from '../endpoint/trial-command.ts';

const full: SshAddress = { kind: 'ssh', user: 'ci', host: 'builder', port: 2222, socketPath: '/run/d.sock' };

/** The words after ssh's own options. */
function target(address: Omit<SshAddress, 'kind'>): string {
  const words = sshCommand({ kind: 'ssh', ...address });
  return words.slice(words.lastIndexOf('-o') + 2).join(' ');
}

test('the remote docker client relays the connection', () => {
  expect(sshCommand(full).slice(0, 2)).toEqual(['ssh', '-T']);
  expect(target({ host: 'builder' })).toBe('-- builder docker system dial-stdio');
  expect(target(full)).toBe('-l ci -p 2222 -- builder docker --host unix:///run/d.sock system dial-stdio');
});

test('ssh never prompts', () => {
  expect(sshCommand(full).join(' ')).toContain('-o BatchMode=yes');
});

test('the remote shell reads a path literally', () => {
  expect(target({ host: 'b', socketPath: "/a b/$(reboot)'; x" })).toBe(
    `-- b docker --host 'unix:///a b/$(reboot)'\\''; x' system dial-stdio`,
  );
});

test('users can try the same by hand', () => {
  expect(trialCommand({ kind: 'ssh', host: 'builder' })).toBe('ssh builder docker version');
  expect(trialCommand(full)).toBe('ssh -p 2222 ci@builder docker --host unix:///run/d.sock version');
});
