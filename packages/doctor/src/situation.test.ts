import { expect, test } from '@jest/globals';
import type { DoctorFacts } from './facts.ts';
import { recogniseSituations, type SituationKind } from './situation.ts';
import { doctorFacts, engineFacts } from './testing/doctor-facts.ts';

const at = (location: string, holdsUs?: boolean): DoctorFacts['engine'] =>
  engineFacts({ infoChanges: { location }, holdsUs });

const cases: readonly (readonly [string, DoctorFacts, readonly SituationKind[]])[] = [
  ['no engine', doctorFacts({ engine: undefined }), ['no-engine']],
  ['an engine on this machine', doctorFacts(), ['local-engine']],
  [
    // As printed by dockerd 28.5 under rootlesskit.
    'a rootless engine',
    doctorFacts({
      engine: engineFacts({
        securityOptions: ['name=seccomp,profile=builtin', 'name=rootless'],
        cgroup: 'none 1',
        infoChanges: { location: 'unix:///run/user/1000/docker.sock' },
      }),
    }),
    ['rootless', 'local-engine'],
  ],
  [
    'an engine with userns-remap',
    doctorFacts({
      engine: engineFacts({ securityOptions: ['name=seccomp,profile=builtin', 'name=userns'] }),
    }),
    ['userns-remap', 'local-engine'],
  ],
  [
    'an engine with the Sysbox runtime',
    doctorFacts({ engine: engineFacts({ runtimes: ['runc', 'sysbox-runc'] }) }),
    ['sysbox-runtime', 'local-engine'],
  ],
  [
    'an engine inside a Sysbox container',
    doctorFacts({ machine: { container: { kind: 'sysbox', sign: 'mounts of sysboxfs' } } }),
    ['sysbox-container', 'local-engine'],
  ],
  [
    'a Sysbox container without an engine',
    doctorFacts({
      engine: undefined,
      machine: { container: { kind: 'sysbox', sign: 'mounts of sysboxfs' } },
    }),
    ['no-engine', 'sysbox-container'],
  ],
  [
    "the host's socket in a job container",
    doctorFacts({ engine: at('unix:///var/run/docker.sock', true) }),
    ['host-socket'],
  ],
  [
    'a socket shared by a dind service',
    doctorFacts({ engine: at('unix:///runner/docker.sock', false) }),
    ['local-engine'],
  ],
  ['a dind service with TLS', doctorFacts({ engine: at('tcp://docker:2376', false) }), ['dind-service']],
  ['a dind service without TLS', doctorFacts({ engine: at('tcp://docker:2375') }), ['dind-service']],
  ['a sidecar in the same pod', doctorFacts({ engine: at('tcp://localhost:2375') }), ['dind-service']],
  ['another machine', doctorFacts({ engine: at('tcp://builder.example:12376') }), ['remote-engine']],
  ['another machine by ssh', doctorFacts({ engine: at('ssh://ci@builder.example:2375') }), ['remote-engine']],
  [
    'CircleCI remote docker',
    doctorFacts({ engine: at('tcp://10.0.0.1:2376'), machine: { ci: 'CircleCI' } }),
    ['circleci-remote'],
  ],
  ['a CircleCI machine executor', doctorFacts({ machine: { ci: 'CircleCI' } }), ['local-engine']],
  [
    'Docker Desktop',
    doctorFacts({ engine: engineFacts({ operatingSystem: 'Docker Desktop' }) }),
    ['docker-desktop'],
  ],
];

test.each(cases)('recognises %s', (_, facts, kinds) => {
  const found = recogniseSituations(facts);
  expect(found.map(({ kind }) => kind)).toEqual(kinds);
  for (const { what, recommendation } of found) expect([what, recommendation]).not.toContain('');
});

test('an option that only starts with "rootless" is not recognised', () => {
  const engine = engineFacts({ securityOptions: ['name=rootlessness'] });
  expect(recogniseSituations(doctorFacts({ engine })).map(({ kind }) => kind)).toEqual(['local-engine']);
});
