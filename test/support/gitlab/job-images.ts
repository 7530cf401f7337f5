import { dindSpec } from '../dind-image.ts';
import type { EngineName } from '../engine-programs.ts';
import type { TestEngine } from '../engines.ts';
import { programLayer, pushImage, type LayerEntry } from '../images.ts';
import { programOnPath } from '../parts.ts';
import type { PushTarget } from '../push.ts';
import { dindEntryPoint } from './dind-entry-point.ts';

/** What the docker executor makes containers of. */
export interface JobImages {
  /** BusyBox, Node.js, an engine and its client: for jobs, and for services that are engines. */
  readonly job: string;
  /** What gitlab-ci-local moves files with. */
  readonly helper: string;
}

/**
 * Brings the images of jobs into an engine. `insecureRegistries` are what engines that start in jobs may pull
 * from without TLS, in the notation of `daemon.json`.
 */
export async function pullJobImages(
  registry: PushTarget,
  engine: TestEngine,
  { name, insecureRegistries }: { readonly name: EngineName; readonly insecureRegistries: readonly string[] },
): Promise<JobImages> {
  const dind = await dindSpec(name);
  const [busybox = [], ...engineLayers] = dind.layers;
  // Nothing in a container of a test could set up a bridge.
  const daemon = {
    'insecure-registries': insecureRegistries,
    bridge: 'none',
    iptables: false,
    ip6tables: false,
  };
  const job = await pushImage(registry, 'ci/job:1', {
    ...dind,
    layers: [
      busybox,
      ...engineLayers,
      await programs({
        'usr/local/bin/node': process.execPath,
        'usr/bin/openssl': onPath('openssl'),
        'usr/bin/mksquashfs': onPath('mksquashfs'),
      }),
      [
        { path: 'etc/docker', directory: true },
        { path: 'etc/docker/daemon.json', content: JSON.stringify(daemon) },
        ...dindEntryPoint,
      ],
    ],
    config: {
      ...dind.config,
      Env: ['PATH=/usr/local/bin:/usr/sbin:/usr/bin:/bin', 'DOCKER_TLS_CERTDIR=/certs'],
      Volumes: { '/var/lib/docker': {} },
    },
  });
  const helper = await pushImage(registry, 'ci/helper:1', {
    compression: 'none',
    layers: [busybox, await programs({ 'usr/bin/rsync': onPath('rsync'), 'usr/bin/bash': onPath('bash') })],
  });
  for (const { reference } of [job, helper]) await engine.docker(['pull', reference]);
  return { job: job.reference, helper: helper.reference };
}

/** Programs by target path, with the libraries that they link to, each once. */
async function programs(wanted: Readonly<Record<string, string>>): Promise<LayerEntry[]> {
  const entries = new Map<string, LayerEntry>();
  for (const [path, file] of Object.entries(wanted)) {
    const [own, ...libraries] = await programLayer(file);
    if (own !== undefined) entries.set(path, { ...own, path });
    for (const library of libraries) entries.set(library.path, library);
  }
  return [...entries.values()];
}

function onPath(name: string): string {
  const file = programOnPath(name);
  if (file === undefined) throw new Error(`cannot make the image of a job: there is no ${name}`);
  return file;
}
