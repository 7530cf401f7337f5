import { expect, test } from '@jest/globals';
import type { Diagnosis } from '@drayage/doctor';
import { doctorText } from './doctor-text.ts';

const diagnosis: Diagnosis = {
  machine: {
    kernel: '6.1.0',
    isRoot: true,
    inUserNamespace: false,
    capabilities: {
      effective: ['CAP_CHOWN', 'CAP_SYS_ADMIN'],
      missing: ['CAP_SYS_RESOURCE'],
      unreachable: [],
    },
    filesystems: { squashfs: 'yes', erofs: 'module', overlay: 'yes', ext4: 'yes', fuse: 'no' },
    devices: { hasLoop: true, loopControl: false, loopNodes: 0, fuse: true },
    programs: [{ name: 'dockerd', path: '/usr/bin/dockerd', version: '28.5.2' }, { name: 'mksquashfs' }],
    container: { kind: 'docker', sign: 'the mount /etc/hosts' },
    ci: 'GitLab CI/CD',
    rootFilesystem: 'overlay',
    memory: { total: 16e9, available: 8e9, limit: 4e9 },
    cgroup: { version: 2, writable: false },
  },
  engineError: { code: 'ENGINE_UNREACHABLE', message: 'cannot reach engine at tcp://docker:2376' },
  situations: [{ kind: 'no-engine', what: 'no engine answers', recommendation: 'Start one.' }],
  ways: [
    { name: 'mount-local', possible: false, reason: 'no engine answers' },
    { name: 'mount-private', possible: true, reason: 'a private engine is started' },
  ],
  choice: { way: 'mount-private', reason: 'a private engine is started' },
  dataRoot: {
    path: '/var/lib/drayage',
    filesystem: 'overlay',
    freeBytes: 5e9,
    storage: {
      backend: 'loop-ext4',
      reason: 'overlay works on an ext4 file',
      rejected: [{ backend: 'overlay2', reason: 'Invalid argument' }],
      warnings: [],
    },
  },
  advice: ['Start one.'],
};

test('the text has groups: delivery, facts and advice', () => {
  const text = doctorText(diagnosis, false);
  const titles = text.split('\n').filter((line) => /^\S/.test(line));
  expect(titles).toEqual([
    'delivery',
    'engine',
    'machine',
    'data-root of a private engine',
    'programs',
    'what to change',
  ]);
});

test.each([
  ['the choice', 'mount, private engine'],
  ['what is not possible, and why', 'no: no engine answers'],
  ['why no engine is there', 'tcp://docker:2376'],
  ['missing capabilities by name', 'all capabilities but CAP_SYS_RESOURCE'],
  ['the CI system', 'GitLab CI/CD'],
  ['the limit of memory', 'limited to 4.0 GB'],
  ['missing device nodes', 'no /dev/loop-control'],
  ['the storage backend', 'loop-ext4: overlay works on an ext4 file'],
  ['why another is not used', 'Invalid argument'],
  ['versions of programs', 'dockerd 28.5.2'],
  ['missing programs', 'mksquashfs'],
])('the text tells %s', (_, part) => {
  expect(doctorText(diagnosis, false)).toContain(part);
});

test('shows paths of programs on request', () => {
  expect(doctorText(diagnosis, false)).not.toContain('/usr/bin/dockerd');
  expect(doctorText(diagnosis, true)).toContain('/usr/bin/dockerd');
});

test('no line has trailing spaces', () => {
  expect(doctorText(diagnosis, true)).not.toMatch(/ $/m);
});
