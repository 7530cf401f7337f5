import { readFile, readdir } from 'node:fs/promises';
import { DrayError } from '@drayage/core';
import { findProgram, lastWords, runProgram, systemEnvironment, type Environment } from '@drayage/host';
import type { BridgeFacts, BridgePlan } from './choose-bridge.ts';
import { removeRulesNaming, whyNoIptables } from './firewall.ts';
import { routedSubnets } from './subnet.ts';

/** Reads the facts about this process's network on which the choice of a bridge depends. Changes nothing. */
export async function bridgeFacts(env: Environment): Promise<BridgeFacts> {
  const [interfaces, table, ip, noIptables] = await Promise.all([
    readdir('/sys/class/net'),
    readFile('/proc/net/route', 'utf8').catch(() => ''),
    findProgram('ip', env),
    whyNoIptables(env),
  ]);
  return { interfaces, routes: routedSubnets(table), noIptables, hasIp: ip !== undefined };
}

/** Creates the bridge of a plan; on failure removes it again. @throws DrayError `ENGINE_START_FAILED` */
export async function createBridge({ create }: BridgePlan, env: Environment): Promise<void> {
  if (create === undefined) return;
  const { name, address } = create;
  const steps = [
    ['link', 'add', 'name', name, 'type', 'bridge'],
    ['addr', 'add', address, 'dev', name],
    ['link', 'set', name, 'up'],
  ];
  for (const [number, step] of steps.entries()) {
    const result = await runProgram(['ip', ...step], { env: systemEnvironment(env) });
    if (result.exitCode === 0) continue;
    if (number > 0) await removeBridge(name, env);
    throw new DrayError(
      'ENGINE_START_FAILED',
      `cannot create network bridge ${name}: ${lastWords(result) || 'ip failed'}`,
      {
        hint: 'Run it as root with CAP_NET_ADMIN, or use --bridge none.',
      },
    );
  }
}

/** Removes a bridge if it exists, and the rules that name it. A bridge with ports in use stays. */
export async function removeBridge(name: string, env: Environment): Promise<void> {
  const ports = await readdir(`/sys/class/net/${name}/brif`).catch(() => undefined);
  if (ports === undefined || ports.length > 0) return;
  await removeRulesNaming(name, env);
  await runProgram(['ip', 'link', 'delete', name], { env: systemEnvironment(env) });
}
