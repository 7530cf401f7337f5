import { describe, expect, test } from '@jest/globals';
import type { EngineInfo } from '../engine.ts';
import { DrayError } from '../errors.ts';
import {
  decideWay,
  isMountWay,
  wayNames,
  whyNotMounted,
  type Way,
  type WayChoice,
  type WayDecision,
  type WayName,
} from './decide-way.ts';
import type { WayFacts } from './way-facts.ts';
import { obstacleOf } from './way-obstacles.ts';

const engine: EngineInfo = {
  location: 'unix:///var/run/docker.sock',
  version: '29.0.1',
  apiVersion: '1.52',
  imageStore: 'containerd',
  storageDriver: 'overlayfs',
  platform: { os: 'linux', architecture: 'amd64' },
};
const classic: EngineInfo = {
  ...engine,
  ...{ version: '28.5.2', imageStore: 'classic', storageDriver: 'overlay2' },
};
const root = { isRoot: true, hasSysAdmin: true, inUserNamespace: false };

/** Facts with which everything is open, with changes. */
function facts(changes: Partial<WayFacts> = {}): WayFacts {
  const wish = { delivery: 'auto', reach: 'auto', isExportWanted: false, hasPacks: true } as const;
  return { engine, rights: root, ...wish, ...changes };
}

const noRoot = { ...root, isRoot: false };
const noAdmin = { ...root, hasSysAdmin: false };
const mapped = { ...root, inUserNamespace: true };
const refused = { reason: 'refused' };

const table: readonly (readonly [string, Partial<WayFacts>, WayDecision['choice']['way'], string])[] = [
  ['everything is open', {}, 'mount-local', 'in place'],
  ['this is not root', { rights: noRoot }, 'mount-remote', 'Docker API'],
  ['root lacks CAP_SYS_ADMIN', { rights: noAdmin }, 'mount-remote', 'Docker API'],
  ['root is in a user namespace', { rights: mapped }, 'mount-remote', 'Docker API'],
  [
    'a probe or an attempt closed the local way',
    { found: { 'mount-local': refused } },
    'mount-remote',
    'API',
  ],
  [
    'attempts closed both ways into the running engine',
    { found: { 'mount-local': refused, 'mount-remote': refused } },
    'load',
    'layers that it lacks',
  ],
  [
    'the same, and a private engine is of use',
    { found: { 'mount-local': refused, 'mount-remote': refused }, isExportWanted: true },
    'mount-private',
    'private engine',
  ],
  ['--reach api', { reach: 'api' }, 'mount-remote', 'Docker API'],
  ['--reach local', { reach: 'local' }, 'mount-local', 'in place'],
  ['--reach local without root', { reach: 'local', rights: noRoot }, 'load', 'layers'],
  ['--delivery mount', { delivery: 'mount' }, 'mount-local', 'in place'],
  ['--delivery load', { delivery: 'load' }, 'load', 'layers'],
  ['--delivery pull', { delivery: 'pull' }, 'pull', 'pulls'],
  ['no packs', { hasPacks: false }, 'load', 'layers'],
  ['no packs, and --delivery mount', { hasPacks: false, delivery: 'mount' }, 'load', 'layers'],
  ['the classic store', { engine: classic }, 'load', 'layers'],
  ['the classic store and --export', { engine: classic, isExportWanted: true }, 'mount-private', 'private'],
  [
    'the classic store and --delivery mount',
    { engine: classic, delivery: 'mount' },
    'mount-private',
    'private',
  ],
  [
    'the classic store, --export and no root',
    { engine: classic, isExportWanted: true, rights: noRoot },
    'mount-beside',
    'second engine beside',
  ],
  [
    'the classic store, --export, and a private engine that cannot start',
    { engine: classic, isExportWanted: true, found: { 'mount-private': refused } },
    'mount-beside',
    'unix:///var/run/docker.sock',
  ],
  [
    'the classic store, --export, and no second engine of any kind',
    {
      engine: classic,
      isExportWanted: true,
      found: { 'mount-private': refused, 'mount-beside': refused },
    },
    'load',
    'layers',
  ],
  [
    'the classic store, --export and --reach api',
    { engine: classic, isExportWanted: true, reach: 'api' },
    'mount-beside',
    'Docker API',
  ],
  [
    'the classic store, --export, no root and --reach local',
    { engine: classic, isExportWanted: true, rights: noRoot, reach: 'local' },
    'load',
    'layers',
  ],
  ...[
    'unix:///run/drayage/0123456789ab/docker.sock',
    'unix:///tmp/drayage-beside-7/0123456789ab/docker.sock',
  ].map(
    (location) =>
      [
        `an engine that drayage started at ${location}`,
        { engine: { ...classic, location }, isExportWanted: true, rights: noRoot },
        'load',
        'layers',
      ] as const,
  ),
  ['another snapshotter', { engine: { ...engine, storageDriver: 'native' } }, 'load', 'layers'],
  ['a rootless engine', { engine: { ...engine, userMapping: 'rootless' } }, 'load', 'layers'],
  ['an engine with userns-remap', { engine: { ...engine, userMapping: 'userns' } }, 'load', 'layers'],
  [
    'an engine on Windows',
    { engine: { ...engine, platform: { os: 'windows', architecture: 'amd64' } } },
    'load',
    'layers',
  ],
  ['no engine answers', { engine: undefined }, 'none', 'only with --export FILE or --delivery mount'],
  [
    'no engine answers, and --export',
    { engine: undefined, isExportWanted: true },
    'mount-private',
    'private',
  ],
  [
    'no engine answers, and --delivery mount',
    { engine: undefined, delivery: 'mount' },
    'mount-private',
    'private engine',
  ],
  [
    'no engine answers, and --delivery mount without root',
    { engine: undefined, delivery: 'mount', rights: noRoot },
    'none',
    'mounting needs root',
  ],
  ['no engine answers, and no packs', { engine: undefined, hasPacks: false }, 'none', 'has no packs'],
  [
    'no engine answers, and --delivery load',
    { engine: undefined, delivery: 'load' },
    'none',
    '--delivery load',
  ],
];

test.each(table)('the fastest open way is taken: %s', (_, changes, way, reason) => {
  const { choice, ways } = decideWay(facts(changes));
  expect(choice).toEqual({ way, reason: expect.stringContaining(reason) });
  expect(ways.map(({ name }) => name)).toEqual(wayNames);
  for (const { possible, remedy, reason: why } of ways) {
    expect(why).not.toBe('');
    if (possible) expect(remedy).toBeUndefined();
  }
  const chosen = ways.find(({ name }) => name === choice.way);
  if (choice.way !== 'none') expect(chosen).toMatchObject({ possible: true, reason: choice.reason });
});

describe('a closed way', () => {
  const closed = (name: WayName, changes: Partial<WayFacts>): Way | undefined =>
    decideWay(facts(changes)).ways.find((way) => way.name === name);

  test.each([
    ['the store', 'mount-local', { engine: classic }, 'classic image store', 'containerd-snapshotter'],
    [
      'an old engine',
      'mount-remote',
      { engine: { ...classic, version: '20.10.24' } },
      'classic',
      'version 24',
    ],
    ['missing root', 'mount-private', { rights: noRoot }, 'root', 'sudo'],
    ['a container', 'mount-private', { rights: { ...noAdmin, inContainer: true } }, 'CAP_SYS', 'privileged'],
    ['missing packs', 'mount-local', { hasPacks: false }, 'no packs', '--form packs'],
  ] as const)('by %s says why, and what opens it', (_, name, changes, reason, remedy) => {
    expect(closed(name, changes)).toEqual({
      ...{ name, possible: false },
      reason: expect.stringContaining(reason),
      remedy: expect.stringContaining(remedy),
    });
  });

  test('by an attempt has the reason and the hint of its error', () => {
    const error = new DrayError('MOUNT_UNAVAILABLE', 'cannot mount into engine at unix:///x: no socket', {
      hint: 'Use --delivery load.',
    });
    expect(closed('mount-remote', { found: { 'mount-remote': obstacleOf(error) } })).toEqual({
      ...{ name: 'mount-remote', possible: false, reason: 'no socket', remedy: 'Use --delivery load.' },
    });
  });
});

test('deciding again after each failed attempt ends without a way of mounting', () => {
  let found: WayFacts['found'] = {};
  const taken: string[] = [];
  for (;;) {
    const { way }: WayChoice = decideWay(facts({ delivery: 'mount', found })).choice;
    taken.push(way);
    if (!isMountWay(way)) break;
    found = { ...found, [way]: refused };
  }
  expect(taken).toEqual(['mount-local', 'mount-remote', 'mount-private', 'mount-beside', 'load']);
});

test('why nothing is mounted names every obstacle once', () => {
  expect(whyNotMounted(decideWay(facts({ engine: classic })))).toBe(
    'engine 28.5.2 uses the classic image store, which reads images only at start; ' +
      'a private engine is started only with --export FILE or --delivery mount',
  );
});
