import { readFileSync, realpathSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { startEngine, type TestEngine } from './support/engines.ts';
import { makeFolder, removeFolder } from './support/folders.ts';
import { programLayer, pushImage, type LayerEntry } from './support/images.ts';
import { startNpmRegistry, type TestNpmRegistry } from './support/npm-registry.ts';
import { programOnPath } from './support/parts.ts';
import type { Finished } from './support/processes.ts';
import { startRegistry, type TestRegistry } from './support/registry.ts';
import {
  checksumsOf,
  installerPrograms,
  installScript,
  machine,
  makeRelease,
  type Release,
} from './support/released.ts';
import { describeWith } from './support/requirements.ts';

const musl = `/lib/ld-musl-${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}.so.1`;
const folders: readonly LayerEntry[] = [
  ...['bin', 'etc', 'lib', 'root'].map((path): LayerEntry => ({ path, directory: true })),
  { path: 'tmp', directory: true, mode: 0o1777 },
];

/** A static busybox; its wget is the only program that can download. */
const busybox: readonly LayerEntry[] = [
  ...folders,
  { path: 'bin/busybox', content: { file: '/bin/busybox' }, mode: 0o755 },
  ...[...installerPrograms, 'ls', 'wget'].map((name): LayerEntry => ({
    path: `bin/${name}`,
    linkTo: 'busybox',
  })),
];

/** As on Alpine Linux: another C library, under which what was linked to that of GNU does not start. */
const withMusl = (): readonly LayerEntry[] => [
  ...busybox,
  { path: musl.slice(1), content: { file: realpathSync(musl) }, mode: 0o755 },
  { path: 'bin/node', content: { file: '/bin/true' }, mode: 0o755 },
];

/** GNU programs, and curl: the usual image. */
const withGlibc = async (): Promise<readonly LayerEntry[]> => {
  const entries = new Map<string, LayerEntry>(folders.map((entry) => [entry.path, entry]));
  for (const name of [...installerPrograms.filter((other) => other !== 'sh'), 'bash', 'curl', 'ls']) {
    for (const entry of await programLayer(programOnPath(name) ?? name)) entries.set(entry.path, entry);
  }
  return [...entries.values(), { path: 'bin/sh', linkTo: programOnPath('bash') ?? 'bash' }];
};

const images: Readonly<Record<string, () => Promise<readonly LayerEntry[]>>> = {
  'nothing but busybox': () => Promise.resolve(busybox),
  musl: () => Promise.resolve(withMusl()),
  'glibc and no Node.js': withGlibc,
};

describeWith(
  {
    engine: { name: '28.5', imageStore: 'containerd' },
    registry: true,
    programs: ['curl', 'ld-musl-config'],
  },
  'the command, installed in a container',
  () => {
    let folder: string;
    let release: Release;
    let packages: TestNpmRegistry;
    let registry: TestRegistry;
    let engine: TestEngine;
    let small: string;

    beforeAll(async () => {
      folder = makeFolder();
      release = await makeRelease(folder);
      packages = await startNpmRegistry(release, { answers: 'moved' });
      registry = await startRegistry();
      engine = await startEngine({ name: '28.5', imageStore: 'containerd' });
      const layers = [[{ path: 'data', content: { seed: 'small', sizeBytes: 100_000 } }]];
      small = (await pushImage(registry, 'team/small:1', { layers })).reference;
    });

    afterAll(async () => {
      await engine.stop();
      await registry.stop();
      await packages.stop();
      await removeFolder(folder);
    });

    /** Runs a job in an image without dray. The job gets its script as text, as from CI runners. */
    const runJob = (image: string, script: string, flags: readonly string[] = []): Promise<Finished> =>
      engine.tryDocker([
        ...['run', '--rm', '--quiet', '--network', 'host', ...flags],
        ...['--env', `DRAY_INSTALL_VERSION=${release.version}`, '--env', `DRAY_INSTALL_FROM=${packages.url}`],
        ...['--env', `DRAY_INSTALL_CHECKSUMS=${checksumsOf(release.command, release.standalone)}`],
        ...[image, 'sh', '-ec', `dray_install() (\n${readFileSync(installScript, 'utf8')}\n)\n${script}`],
      ]);

    test.each(Object.keys(images))('pre-pulls in an image with %s', async (title) => {
      const layers = [(await images[title]?.()) ?? []];
      const image = await pushImage(registry, `ci/${title.replaceAll(/\W+/g, '-').toLowerCase()}:1`, {
        layers,
      });
      const script = [
        'export HOME=/root',
        'dray_install',
        'dray_install',
        'PATH=$HOME/.cache/drayage/cli/bin:$PATH',
        'dray --version',
        // What it starts must not come by its libraries.
        `dray prepull '${small}' --bundle /tmp/bundle --prepare 'test -z "$LD_LIBRARY_PATH" && ls /tmp/bundle/.. >&2'`,
        'cat /tmp/bundle/index.json',
        'ls "$HOME/.cache/drayage/cli"',
      ];
      const finished = await runJob(image.reference, script.join('\n'));
      expect(finished).toMatchObject({ exitCode: 0 });
      expect(finished.stdout.split('\n')[0]).toBe(release.version);
      expect(finished.stdout).toContain(small);
      expect(finished.stdout).toContain(`${release.version}-${machine}\n`);
    });

    test('needs no root, and no home that belongs to the user', async () => {
      const image = await pushImage(registry, 'ci/busybox:1', { layers: [busybox] });
      const script =
        'DRAY_INSTALL_DIR=/tmp/cli; export DRAY_INSTALL_DIR; dray_install; /tmp/cli/bin/dray --version';
      const flags = ['--user', '12345:12345', '--read-only', '--tmpfs', '/tmp:exec', '--cap-drop', 'ALL'];
      const finished = await runJob(image.reference, script, flags);
      expect(finished.stderr).toBe('');
      expect(finished.stdout).toBe(`${release.version}\n`);
    });

    test('finds names in /etc/hosts, such as services, without a resolver configuration', async () => {
      const image = await pushImage(registry, 'ci/busybox:1', { layers: [busybox] });
      const name = `registry.internal:${new URL(registry.url).port}`;
      const script = [
        'export HOME=/root',
        'dray_install',
        `"$HOME/.cache/drayage/cli/bin/dray" prepull --insecure-registry '${name}' '${name}/team/small:1' --bundle /tmp/bundle`,
      ];
      const finished = await runJob(image.reference, script.join('\n'), [
        '--add-host',
        'registry.internal:127.0.0.1',
      ]);
      expect(finished).toMatchObject({ exitCode: 0 });
    });
  },
);
