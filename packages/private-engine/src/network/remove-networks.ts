import { readFile, readdir } from 'node:fs/promises';
import type { Environment } from '@drayage/host';
import { removeBridge } from './bridge-device.ts';
import { removeEngineChains } from './firewall.ts';

/** What an engine may have left in the network. */
export interface NetworkTraces {
  /** Made for it or by it. */
  readonly bridge?: string | undefined;
  /** There were no chains of engines before it. */
  readonly ownsChains?: boolean | undefined;
}

/** The bridges of networks that users have made, from the bytes of the engine's network database. Pure. */
export function userBridges(database: string): readonly string[] {
  return [...new Set(database.match(/\bbr-[0-9a-f]{12}\b/g) ?? [])];
}

/** The bridges of networks that users have made in an engine with this data-root; none when it cannot be looked into. */
export async function findUserBridges(data: string): Promise<readonly string[]> {
  // Binary, but names stand in it as they are.
  return userBridges(await readFile(`${data}/network/files/local-kv.db`, 'latin1').catch(() => ''));
}

/** Removes the networks of an engine that has ended. It makes those of users again when it starts. */
export async function removeNetworks(
  { bridge, ownsChains = false }: NetworkTraces,
  userNetworks: readonly string[],
  env: Environment,
): Promise<void> {
  if (bridge === undefined && !ownsChains) return;
  for (const name of userNetworks) await removeBridge(name, env);
  if (bridge !== undefined) await removeBridge(bridge, env);
  if (ownsChains && !(await hasOtherBridges())) await removeEngineChains(env);
}

/** Another engine may have come since, which needs the chains. */
async function hasOtherBridges(): Promise<boolean> {
  const names = await readdir('/sys/class/net');
  return names.some((name) => /^(docker0|dray\d+|br-[0-9a-f]{12})$/.test(name));
}
