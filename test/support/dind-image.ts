import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { enginePath, type EngineName } from './engine-programs.ts';
import type { ImageSpec } from './image-build.ts';
import { programLayer, type LayerEntry } from './images.ts';
import { programOnPath } from './parts.ts';
import { runOrThrow } from './processes.ts';

/**
 * An image like docker:dind, made of programs of this machine: BusyBox, e2fsprogs, an engine with its client,
 * and an entry point that starts it.
 */
export async function dindSpec(engine: EngineName): Promise<ImageSpec> {
  return {
    compression: 'none',
    layers: [
      [...(await busybox()), entryPoint],
      await programs([...enginePrograms(engine), ...systemPrograms(['flock', 'mkfs.ext4', 'e2fsck'])]),
    ],
    config: {
      Entrypoint: ['dockerd-entrypoint.sh'],
      Cmd: [],
      Env: ['PATH=/usr/local/bin:/usr/sbin:/usr/bin:/bin', 'DOCKER_HOST=unix:///run/docker.sock'],
    },
  };
}

// What docker:dind's own does that matters here: options make it an engine, anything else is run. Where
// --privileged was not possible, the control groups are read-only.
const entryPoint: LayerEntry = {
  path: 'usr/local/bin/dockerd-entrypoint.sh',
  mode: 0o755,
  content: [
    '#!/bin/sh',
    'case ${1:--} in -*) set -- dockerd --host=unix:///run/docker.sock "$@" ;; esac',
    'if [ "$1" = dockerd ]; then',
    '  rm -f /run/docker.pid /var/run/docker.pid',
    '  for point in $(awk \'$3 ~ /^cgroup/ { print $2 }\' /proc/mounts); do mount -o remount,rw,bind "$point"; done',
    'fi 2>/dev/null',
    'exec "$@"\n',
  ].join('\n'),
};

async function busybox(): Promise<LayerEntry[]> {
  const { stdout } = await runOrThrow('busybox', ['--list']);
  const names = stdout.split('\n').filter((name) => name !== '' && name !== 'busybox');
  return [
    ...['bin', 'etc', 'run', 'tmp', 'var'].map((path) => ({ path, directory: true }) as const),
    { path: 'bin/busybox', content: { file: '/bin/busybox' }, mode: 0o755 },
    ...names.map((name) => ({ path: `bin/${name}`, linkTo: 'busybox' })),
    { path: 'etc/passwd', content: 'root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n' },
  ];
}

/** The target path of a program, and its path on this machine. */
type Program = readonly [path: string, file: string];

function enginePrograms(engine: EngineName): Program[] {
  const names = ['dockerd', 'docker', 'docker-proxy', 'containerd', 'containerd-shim-runc-v2', 'runc'];
  const folders = enginePath(engine).split(':');
  return names.map((name) => {
    const file = folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
    if (file === undefined) throw new Error(`cannot make an image like docker:dind: there is no ${name}`);
    return [`usr/local/bin/${name}`, file];
  });
}

function systemPrograms(names: readonly string[]): Program[] {
  return names.map((name) => [`usr/sbin/${name}`, programOnPath(name) ?? name]);
}

/** With the libraries that they link to, each once. */
async function programs(wanted: readonly Program[]): Promise<LayerEntry[]> {
  const entries = new Map<string, LayerEntry>();
  for (const [path, file] of wanted) {
    const [own, ...libraries] = await programLayer(file);
    if (own !== undefined) entries.set(path, { ...own, path });
    for (const library of libraries) entries.set(library.path, library);
  }
  return [...entries.values()];
}
