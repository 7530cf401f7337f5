import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemErrorCode } from '@drayage/core';
import { writeOwner, type Owner } from '../lock/owner.ts';
import { bridgeFacts, createBridge } from '../network/bridge-device.ts';
import { hasEngineChains } from '../network/firewall.ts';
import { chooseBridge, type BridgePlan } from '../network/choose-bridge.ts';
import { daemonConfig } from './daemon-config.ts';
import type { Dockerd } from './dockerd.ts';
import type { Holder } from '../lock/holder.ts';
import type { PrivateEngineOptions } from './options.ts';
import { runRoot, type EnginePaths } from '../lock/engine-paths.ts';
import { searchPath, type Environment } from '@drayage/host';
import type { DataRootState } from './state.ts';

/** The engine's socket, and whatever else lies in its run directory, is for root only. */
const privateMode = 0o700;

/** Makes the directory for the engine's socket and state. */
export async function makeRunDirectory({ runDir, execRoot }: EnginePaths): Promise<void> {
  await rm(runDir, { recursive: true, force: true });
  await mkdir(runRoot, { recursive: true, mode: 0o711 });
  await mkdir(runDir, { mode: privateMode });
  await mkdir(execRoot, { mode: 0o711 });
}

/** Decides on the network and makes it, having written down first that it is to be removed. @throws DrayError `ENGINE_START_FAILED` */
export async function setUpNetwork(
  places: EnginePaths,
  { bridge: wish = 'auto', env }: PrivateEngineOptions,
  owner: Owner,
): Promise<BridgePlan> {
  const plan = chooseBridge(wish, await bridgeFacts(env));
  const ownsChains = plan.iptables && !(await hasEngineChains(env));
  const { remove: bridge } = plan;
  await writeOwner(places.owner, { ...owner, ownsChains, ...(bridge === undefined ? {} : { bridge }) });
  await createBridge(plan, env);
  return plan;
}

/** Turns the holder into the engine. The state says from now on that an engine has used the data-root. */
export async function launchDockerd(
  holder: Holder,
  places: EnginePaths,
  options: PrivateEngineOptions,
  {
    dockerd,
    state,
    network,
  }: { readonly dockerd: Dockerd; readonly state: DataRootState; readonly network: BridgePlan },
): Promise<void> {
  const config = daemonConfig({
    places,
    major: dockerd.major,
    imageStore: state.imageStore,
    driver: state.driver,
    network,
    registryMirrors: options.registryMirrors ?? [],
    insecureRegistries: options.insecureRegistries ?? [],
  });
  await writeFile(places.config, JSON.stringify(config, null, 2), { mode: 0o600 });
  await keepPreviousLog(places);
  // dockerd would use a containerd of the system, which does not see our mounts; sockets of its own go with the namespace.
  await holder.run('mkdir -p /run/containerd && mount -t tmpfs -o mode=0711 drayage /run/containerd');
  await holder.become([dockerd.file, '--config-file', places.config], places.log);
}

/** What dockerd gets to see of the caller's variables: all but those that would lead it elsewhere; programs beside its own come first. */
export function daemonEnvironment(env: Environment, dockerd: Dockerd): Environment {
  const elsewhere = ['DOCKER_HOST', 'DOCKER_CONTEXT', 'DOCKER_DRIVER', 'DOCKER_CONFIG'];
  const kept = Object.entries(env).filter(([name]) => !elsewhere.includes(name));
  return { ...Object.fromEntries(kept), PATH: `${dirname(dockerd.file)}:${searchPath(env)}` };
}

async function keepPreviousLog({ log, previousLog }: EnginePaths): Promise<void> {
  try {
    await rename(log, previousLog);
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error;
  }
}
