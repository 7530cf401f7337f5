import type { ImageStoreKind } from '@drayage/core';
import type { BridgePlan } from '../network/choose-bridge.ts';
import type { EnginePaths } from '../lock/engine-paths.ts';

/** Inputs for the configuration of a private engine. */
export interface DaemonSettings {
  readonly places: EnginePaths;
  /** Major version of dockerd. */
  readonly major: number;
  readonly imageStore: ImageStoreKind;
  /** Graph driver or snapshotter. */
  readonly driver: string;
  readonly network: Pick<BridgePlan, 'bridge' | 'iptables'>;
  readonly registryMirrors: readonly string[];
  readonly insecureRegistries: readonly string[];
}

// Engines that have both image stores and need an explicit choice.
const firstWithContainerdStore = 23;

/**
 * The configuration file of a private engine. It replaces `/etc/docker/daemon.json`, which the engine does
 * not read. Pure.
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
    // Works without systemd, and the parent group identifies the processes of containers, even after a crash.
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
