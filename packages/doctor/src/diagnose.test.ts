import { describe, expect, test } from '@jest/globals';
import { isObject } from '@drayage/core';
import type { WayName } from '@drayage/core/plan';
import { diagnose, type Diagnosis } from './diagnose.ts';
import type { DoctorFacts } from './facts.ts';
import { capableMachine, doctorFacts, engineFacts } from './testing/doctor-facts.ts';

const classic = engineFacts({
  infoChanges: { version: '28.5.2', imageStore: 'classic', storageDriver: 'overlay2' },
});
const withoutPrograms = (...names: readonly string[]): DoctorFacts['machine']['programs'] =>
  capableMachine.programs.map((program) =>
    names.includes(program.name) ? { name: program.name, hint: `Install ${program.name}.` } : program,
  );
const unprivileged = {
  capabilities: { effective: ['CAP_CHOWN'], missing: ['CAP_SYS_ADMIN'], unreachable: ['CAP_SYS_ADMIN'] },
  container: { kind: 'docker', sign: 'the mount /etc/hosts' },
} as const;

const choices: readonly (readonly [string, DoctorFacts, WayName | 'none'])[] = [
  ['everything works', doctorFacts(), 'mount-local'],
  ['this process cannot see the engine', doctorFacts({ localEngineHost: 'no process' }), 'mount-remote'],
  ['the process is not root', doctorFacts({ machine: { isRoot: false } }), 'mount-remote'],
  ['the engine has the classic store', doctorFacts({ engine: classic }), 'mount-private'],
  ['no engine answers', doctorFacts({ engine: undefined }), 'mount-private'],
  [
    'the classic store and no root',
    doctorFacts({ engine: classic, machine: { isRoot: false } }),
    'mount-beside',
  ],
  [
    'the classic store and no dockerd',
    doctorFacts({ engine: classic, machine: { programs: withoutPrograms('dockerd') } }),
    'mount-beside',
  ],
  [
    'the classic store in an unprivileged container',
    doctorFacts({ engine: classic, machine: unprivileged }),
    'mount-beside',
  ],
  [
    'the classic store in the root of a user namespace',
    doctorFacts({ engine: classic, machine: { inUserNamespace: true } }),
    'mount-beside',
  ],
  [
    'the classic store and read-only control groups',
    doctorFacts({ engine: classic, machine: { cgroup: { version: 2, writable: false } } }),
    'mount-beside',
  ],
  [
    'the classic store and no overlay mounts',
    doctorFacts({
      engine: classic,
      storage: { overlayHere: 'refused', overlayAnywhere: 'refused', fuseOverlayfs: 'no program' },
    }),
    'mount-beside',
  ],
  [
    'the classic store and a data-root on overlay',
    doctorFacts({ engine: classic, storage: { filesystem: 'overlay', overlayHere: 'Invalid argument' } }),
    'mount-private',
  ],
  [
    'another snapshotter',
    doctorFacts({
      engine: engineFacts({ infoChanges: { storageDriver: 'native' } }),
      machine: { isRoot: false },
    }),
    'mount-beside',
  ],
  [
    'a rootless engine and a root process',
    doctorFacts({
      engine: engineFacts({ securityOptions: ['name=seccomp,profile=builtin', 'name=rootless'] }),
    }),
    'mount-private',
  ],
  [
    'a rootless engine and a process of its user',
    doctorFacts({
      engine: engineFacts({ securityOptions: ['name=rootless'] }),
      machine: { isRoot: false },
    }),
    'load',
  ],
  [
    'an engine that maps users',
    doctorFacts({ engine: engineFacts({ securityOptions: ['name=userns'] }), machine: { isRoot: false } }),
    'load',
  ],
  [
    'no squashfs in the kernel',
    doctorFacts({
      engine: classic,
      machine: { filesystems: { ...capableMachine.filesystems, squashfs: 'no' } },
    }),
    'load',
  ],
  ['a private engine was not asked for', doctorFacts({ engine: classic, isExportWanted: false }), 'load'],
  [
    'no engine answers and a private engine was not asked for',
    doctorFacts({ engine: undefined, isExportWanted: false }),
    'none',
  ],
  ['nothing at all', doctorFacts({ engine: undefined, machine: { isRoot: false } }), 'none'],
];

test.each(choices)('if %s, auto takes the fastest possible way', (_, facts, way) => {
  expect(diagnose(facts).choice.way).toBe(way);
});

test('every way has a reason, and impossible ways have a remedy if there is one', () => {
  const { ways } = diagnose(doctorFacts({ engine: classic, machine: { isRoot: false } }));
  expect(ways.map(({ name }) => name)).toEqual([
    'mount-local',
    'mount-remote',
    'mount-private',
    'mount-beside',
    'load',
    'pull',
  ]);
  for (const { reason } of ways) expect(reason).not.toBe('');
  expect(ways.find(({ name }) => name === 'mount-private')?.remedy).toContain('root');
  expect(ways.find(({ name }) => name === 'mount-local')?.remedy).toContain('containerd-snapshotter');
});

describe('advice', () => {
  const advice = (facts: DoctorFacts): string => diagnose(facts).advice.join('\n');

  test('names the missing program for a faster way', () => {
    const facts = doctorFacts({ engine: classic, machine: { programs: withoutPrograms('dockerd') } });
    expect(advice(facts)).toContain('dockerd');
  });

  test('says how a private engine is asked for, where it would be faster', () => {
    expect(advice(doctorFacts({ engine: classic, isExportWanted: false }))).toContain('--export');
    expect(advice(doctorFacts({ engine: classic }))).not.toContain('--export');
    expect(advice(doctorFacts({ isExportWanted: false }))).not.toContain('--export');
  });

  test('names the missing capability', () => {
    expect(advice(doctorFacts({ engine: classic, machine: unprivileged }))).toContain('CAP_SYS_ADMIN');
  });

  test('does not suggest a private engine if the running one supports mounts', () => {
    const facts = doctorFacts({ machine: { programs: withoutPrograms('dockerd') } });
    expect(advice(facts)).not.toContain('dockerd');
  });

  test('suggests erofs if only squashfs is missing', () => {
    const filesystems = { ...capableMachine.filesystems, squashfs: 'no' } as const;
    expect(advice(doctorFacts({ machine: { filesystems } }))).toContain('erofs');
  });

  test('warns about an engine on an open port, unless it is on loopback', () => {
    const at = (location: string): string =>
      advice(doctorFacts({ engine: engineFacts({ infoChanges: { location } }) }));
    expect(at('tcp://docker:2375')).toContain('without TLS');
    expect(at('tcp://127.0.0.1:2375')).not.toContain('without TLS');
    expect(at('tcp://docker:2376')).not.toContain('without TLS');
  });

  test('includes the warnings of the storage choice', () => {
    const storage = { overlayHere: 'refused', overlayAnywhere: 'refused', fuseOverlayfs: 'none' };
    expect(advice(doctorFacts({ storage }))).toContain('vfs');
  });
});

test('the diagnosis is a JSON object with these members', () => {
  const members: readonly (keyof Diagnosis)[] = [
    ...(['machine', 'engine', 'situations', 'ways', 'choice', 'dataRoot', 'advice'] as const),
  ];
  const parsed: unknown = JSON.parse(JSON.stringify(diagnose(doctorFacts())));
  expect(isObject(parsed) && Object.keys(parsed)).toEqual(members);
});
