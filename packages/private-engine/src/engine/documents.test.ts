import { digestOf } from '@drayage/core';
import { describe, expect, test } from '@jest/globals';
import { logTail } from './await-engine.ts';
import { checkCompatible, checkNotForeign } from './compatibility.ts';
import { daemonConfig, type DaemonSettings } from './daemon-config.ts';
import { parseVersion } from './dockerd.ts';
import { enginePaths } from '../lock/engine-paths.ts';
import { isDiskName, newDiskName, parseState, type DataRootState } from './state.ts';

const places = enginePaths('/data', '1:2');
const settings: DaemonSettings = {
  places,
  major: 20,
  imageStore: 'classic',
  driver: 'overlay2',
  network: { bridge: undefined, iptables: true },
  registryMirrors: [],
  insecureRegistries: [],
};

describe('the configuration of a private engine', () => {
  test('has its own paths, and works without systemd', () => {
    expect(daemonConfig(settings)).toEqual({
      'data-root': '/data/data',
      'exec-root': places.execRoot,
      pidfile: places.pidFile,
      hosts: [`unix://${places.socket}`],
      'storage-driver': 'overlay2',
      'exec-opts': ['native.cgroupdriver=cgroupfs'],
      'cgroup-parent': places.cgroup,
    });
  });

  test.each([
    ['classic', false],
    ['containerd', true],
  ] as const)('selects store %s for an engine that has both', (imageStore, isSnapshotter) => {
    expect(daemonConfig({ ...settings, major: 28, imageStore })).toMatchObject({
      features: { 'containerd-snapshotter': isSnapshotter },
    });
  });

  test('contains the given registries and network', () => {
    const config = daemonConfig({
      ...settings,
      network: { bridge: 'none', iptables: false },
      registryMirrors: ['https://m.example'],
      insecureRegistries: ['r.example:5000'],
    });
    expect(config).toMatchObject({
      ...{ bridge: 'none', iptables: false, 'ip-forward': false },
      'registry-mirrors': ['https://m.example'],
      'insecure-registries': ['r.example:5000'],
    });
  });
});

describe('the paths of a private engine', () => {
  test('are short enough for sockets', () => {
    const longest = `${places.execRoot}/containerd/containerd-debug.sock.ttrpc`;
    expect(longest.length).toBeLessThan(108);
  });

  test('differ for directories of the same name in different containers', () => {
    expect(enginePaths('/data', '1:3').runDir).not.toBe(places.runDir);
  });
});

describe('a directory', () => {
  test.each([[[]], [['lost+found']], [['.drayage', 'data']]])('with %j can be a data-root', (names) => {
    expect(() => checkNotForeign('/data', names)).not.toThrow();
  });

  test.each([[['image', 'overlay2']], [['containerd']], [['data']]])(
    'with %j belongs to another engine',
    (names) => {
      expect(() => checkNotForeign('/data', names)).toThrow(
        expect.objectContaining({ code: 'DATA_ROOT_INCOMPATIBLE' }),
      );
    },
  );
});

describe('the state of a data-root', () => {
  const state: DataRootState = {
    ...{ phase: 'used', imageStore: 'classic', driver: 'overlay2', backend: 'loop-ext4' },
    reason: 'it works',
    disk: newDiskName(),
    packs: [
      {
        digest: digestOf('pack'),
        size: 4096,
        filesystem: 'squashfs',
        file: '/bundle/pack',
        mountPoint: '/data/.drayage/packs/1',
        identity: '1 2 3',
      },
    ],
  };

  test('can be read back', () => {
    expect(parseState(JSON.stringify({ version: 1, ...state }))).toEqual(state);
  });

  test.each([
    '',
    '{}',
    JSON.stringify({ version: 2, ...state }),
    JSON.stringify({ version: 1, ...state, packs: [{}] }),
  ])('is not parsed from %j', (text) => {
    expect(parseState(text)).toBeUndefined();
  });

  test('cannot name a file outside of the data-root', () => {
    const read = parseState(JSON.stringify({ version: 1, ...state, disk: '../disk.img' }));
    expect(read).toBeDefined();
    expect(read?.disk).toBeUndefined();
    expect(isDiskName('disk-0123456789abcdef.img')).toBe(true);
  });

  test('rejects only another store or another backend', () => {
    const check = (wanted: Parameters<typeof checkCompatible>[2]) => () => {
      checkCompatible('/data', state, wanted);
    };
    expect(check({ imageStore: undefined, storage: 'auto' })).not.toThrow();
    expect(check({ imageStore: 'classic', storage: 'loop-ext4' })).not.toThrow();
    for (const wanted of [
      { imageStore: 'containerd', storage: 'auto' },
      { imageStore: undefined, storage: 'overlay2' },
    ] as const) {
      expect(check(wanted)).toThrow(expect.objectContaining({ code: 'DATA_ROOT_INCOMPATIBLE' }));
    }
  });
});

describe('dockerd', () => {
  test.each([
    ['Docker version 20.10.24+dfsg1, build 5d6db84', '20.10.24+dfsg1'],
    ['Docker version 28.5.2, build ecc6942', '28.5.2'],
    ['nothing', undefined],
  ])('printing %j has version %j', (text, version) => {
    expect(parseVersion(text)).toBe(version);
  });

  test('is quoted by log lines with a reason, else by the last ones', () => {
    expect(logTail('level=info a\nlevel=fatal b\nlevel=info c\n')).toBe('level=fatal b');
    expect(logTail('one\ntwo\n')).toBe('one\ntwo');
    expect(logTail('')).toBe('');
  });
});
