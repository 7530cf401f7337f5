import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { ImageStore } from './engine-programs.ts';

/** What the configuration of a test engine depends on. */
export interface EngineSettings {
  readonly imageStore: ImageStore;
  /** First two numbers of the version. */
  readonly release: string;
  readonly bridge: string;
  readonly insecureRegistries: readonly string[];
  readonly registryMirrors: readonly string[];
  /** Networks without a subnet get theirs from it; undefined: from the engine's own pools. */
  readonly addressPool: AddressPool | undefined;
  /** Of a containerd that runs already; undefined: dockerd starts its own. */
  readonly containerd: string | undefined;
}

/** A range of addresses, and the prefix length of each network that gets a part of it. */
export interface AddressPool {
  readonly base: string;
  readonly size: number;
}

/** Where the things of one test engine are; all below one folder. */
export interface EnginePaths {
  readonly dataRoot: string;
  readonly execRoot: string;
  readonly socket: string;
  readonly pidFile: string;
  readonly clientConfig: string;
  readonly config: string;
}

/** Decides where the things of an engine are. Throws when the folder is too deep for a socket. */
export function enginePaths(folder: string): EnginePaths {
  const execRoot = join(folder, 'exec');
  const longestSocket = join(execRoot, 'containerd/containerd-debug.sock.ttrpc');
  if (longestSocket.length > 107)
    throw new Error(`cannot start an engine in ${folder}: socket paths get too long`);
  return {
    dataRoot: join(folder, 'data'),
    execRoot,
    socket: join(folder, 'docker.sock'),
    pidFile: join(folder, 'docker.pid'),
    clientConfig: join(folder, 'client'),
    config: join(folder, 'daemon.json'),
  };
}

/** Writes the configuration file, so that nothing of /etc/docker is read. */
export function writeEngineConfig(places: EnginePaths, settings: EngineSettings): void {
  for (const folder of [places.dataRoot, places.execRoot, places.clientConfig])
    mkdirSync(folder, { recursive: true });
  const config = {
    'data-root': places.dataRoot,
    'exec-root': places.execRoot,
    pidfile: places.pidFile,
    hosts: [`unix://${places.socket}`],
    // Without this the socket belongs to the group docker on machines that have one.
    group: '0',
    bridge: settings.bridge,
    iptables: false,
    ip6tables: false,
    'ip-forward': false,
    'insecure-registries': settings.insecureRegistries,
    'registry-mirrors': settings.registryMirrors,
    ...(settings.addressPool === undefined ? {} : { 'default-address-pools': [settings.addressPool] }),
    ...(settings.containerd === undefined ? {} : { containerd: settings.containerd }),
    ...features(settings),
  };
  writeFileSync(places.config, JSON.stringify(config, null, 2));
}

function features({ imageStore, release }: EngineSettings): object {
  const knowsBothStores = Number.parseInt(release) >= 23;
  if (knowsBothStores) return { features: { 'containerd-snapshotter': imageStore === 'containerd' } };
  if (imageStore === 'classic') return {};
  throw new Error(`cannot start engine ${release} with the containerd store: it has none`);
}
