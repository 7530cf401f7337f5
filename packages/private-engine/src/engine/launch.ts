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

/** Mode of the run directory with the engine's socket: only root can access it. */
const privateMode = 0o700;

/** Creates the directory for the engine's socket and state. */
export async function makeRunDirectory({ runDir, execRoot }: EnginePaths): Promise<void> {
  await rm(runDir, { recursive: true, force: true });
  await mkdir(runRoot, { recursive: true, mode: 0o711 });
  await mkdir(runDir, { mode: privateMode });
  await mkdir(execRoot, { mode: 0o711 });
}

/**
 * Decides on the network and creates it; first records that it must be removed later.
 * @throws DrayError `ENGINE_START_FAILED`
 */
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

/** Turns the holder into the engine. First records that an engine has used the data-root. */
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
  // dockerd would use the system's containerd, which does not see our mounts. Hiding those sockets ends with
  // the namespace.
  await holder.run('mkdir -p /run/containerd && mount -t tmpfs -o mode=0711 drayage /run/containerd');
  await holder.become([dockerd.file, '--config-file', places.config], places.log);
}

/**
 * The caller's environment for dockerd, without variables that would change its paths; programs beside
 * dockerd come first.
 */
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
