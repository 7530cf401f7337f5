import type { ImageStoreKind } from '@drayage/core';
import type { BridgePlan } from '../network/choose-bridge.ts';
import type { EnginePaths } from '../lock/engine-paths.ts';

/** What the configuration of a private engine depends on. */
export interface DaemonSettings {
  readonly places: EnginePaths;
  /** First number of dockerd's version. */
  readonly major: number;
  readonly imageStore: ImageStoreKind;
  /** Graph driver or snapshotter. */
  readonly driver: string;
  readonly network: Pick<BridgePlan, 'bridge' | 'iptables'>;
  readonly registryMirrors: readonly string[];
  readonly insecureRegistries: readonly string[];
}

// Engines that know both image stores, and have to be told which.
const firstWithContainerdStore = 23;

/**
 * The configuration file of a private engine. It takes the place of `/etc/docker/daemon.json`, of which nothing is read. Pure.
 * @see https://docs.docker.com/reference/cli/dockerd/#daemon-configuration-file
 */
export function daemonConfig(settings: DaemonSettings): Readonly<Record<string, unknown>> {
  const { places, major, imageStore, driver, network, registryMirrors, insecureRegistries } = settings;
  return {
    'data-root': places.data,
    'exec-root': places.execRoot,
    pidfile: places.pidFile,
    hosts: [`unix://${places.socket}`],
    'storage-driver': driver,
    // systemd need not be there; and what runs in containers can be found by the parent group, also after a crash.
    'exec-opts': ['native.cgroupdriver=cgroupfs'],
    'cgroup-parent': places.cgroup,
    bridge: network.bridge,
    ...(network.iptables ? {} : { iptables: false, 'ip-masq': false }),
    ...(network.bridge === 'none' ? { 'ip-forward': false } : {}),
    ...(registryMirrors.length === 0 ? {} : { 'registry-mirrors': registryMirrors }),
    ...(insecureRegistries.length === 0 ? {} : { 'insecure-registries': insecureRegistries }),
    ...(major < firstWithContainerdStore
      ? {}
      : { features: { 'containerd-snapshotter': imageStore === 'containerd' } }),
  };
}
