import { readFile, readdir } from 'node:fs/promises';
import type { Environment } from '@drayage/host';
import { removeBridge } from './bridge-device.ts';
import { removeEngineChains } from './firewall.ts';

/** Network resources that an engine may have left. */
export interface NetworkTraces {
  /** A bridge created for the engine or by it. */
  readonly bridge?: string | undefined;
  /** True if no engine had firewall chains before it. */
  readonly ownsChains?: boolean | undefined;
}

/** The bridges of networks that users created, from the bytes of the engine's network database. Pure. */
export function userBridges(database: string): readonly string[] {
  return [...new Set(database.match(/\bbr-[0-9a-f]{12}\b/g) ?? [])];
}

/**
 * The bridges of networks that users created in an engine with this data-root; empty if it cannot be read.
 */
export async function findUserBridges(data: string): Promise<readonly string[]> {
  // A binary file, but it contains names as plain text.
  return userBridges(await readFile(`${data}/network/files/local-kv.db`, 'latin1').catch(() => ''));
}

/** Removes the networks of an ended engine. When it starts again, it creates the users' networks again. */
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

/** Another engine may have started since, which needs the chains. */
async function hasOtherBridges(): Promise<boolean> {
  const names = await readdir('/sys/class/net');
  return names.some((name) => /^(docker0|dray\d+|br-[0-9a-f]{12})$/.test(name));
}
