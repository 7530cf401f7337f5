import { DrayError } from '@drayage/core';
import { freeSubnet, gatewayOf, type Subnet } from './subnet.ts';

/** Facts on which the choice of a network depends. */
export interface BridgeFacts {
  /** Names of all network interfaces. */
  readonly interfaces: readonly string[];
  readonly routes: readonly Subnet[];
  /** Why containers cannot have iptables rules; undefined if they can. */
  readonly noIptables: string | undefined;
  /** True if the program `ip` is installed. */
  readonly hasIp: boolean;
}

/** The network of an engine. */
export interface BridgePlan {
  /** dockerd's bridge option: a name, `none`, or undefined for its own `docker0`. */
  readonly bridge: string | undefined;
  /** A bridge to create first, with address and prefix. */
  readonly create?: { readonly name: string; readonly address: string } | undefined;
  /** A bridge to remove after the engine. */
  readonly remove?: string | undefined;
  readonly iptables: boolean;
  /** Notes for the user. */
  readonly notes: readonly string[];
}

/**
 * Decides on the network. `wish` is `auto`, `none` or the name of a bridge, which is created if missing.
 * Pure.
 * @throws DrayError `ENGINE_START_FAILED` if a bridge is needed and cannot be created
 */
export function chooseBridge(wish: string, facts: BridgeFacts): BridgePlan {
  const { interfaces, noIptables } = facts;
  const iptables = noIptables === undefined;
  const notes = iptables
    ? []
    : [`containers cannot reach other networks, and publish ports only through docker-proxy: ${noIptables}`];
  if (wish === 'none') return noBridge(interfaces);
  if (wish !== 'auto') {
    if (interfaces.includes(wish)) return { bridge: wish, iptables, notes };
    return { ...ownBridge(wish, facts), iptables, notes };
  }
  if (!interfaces.includes('docker0') && iptables)
    return { bridge: undefined, remove: 'docker0', iptables, notes };
  const name = freeName(interfaces);
  return { ...ownBridge(name, facts), iptables, notes };
}

/** An engine without a bridge deletes docker0, even one of another engine. */
function noBridge(interfaces: readonly string[]): BridgePlan {
  if (!interfaces.includes('docker0')) return { bridge: 'none', iptables: false, notes: [] };
  throw new DrayError(
    'ENGINE_START_FAILED',
    'cannot start an engine without a bridge: it would delete the existing bridge docker0',
    { hint: 'Omit --bridge, so that the engine gets its own bridge.' },
  );
}

function ownBridge(
  name: string,
  { hasIp, routes }: BridgeFacts,
): Pick<BridgePlan, 'bridge' | 'create' | 'remove'> {
  const subnet = freeSubnet(routes);
  if (!hasIp) throw noBridgeFor(name, 'program ip not found', 'Install iproute2, or use --bridge none.');
  if (subnet === undefined) {
    throw noBridgeFor(
      name,
      'all subnets for containers are in use',
      'Create a bridge, and pass its name as --bridge.',
    );
  }
  return { bridge: name, create: { name, address: gatewayOf(subnet) }, remove: name };
}

function freeName(interfaces: readonly string[]): string {
  for (let number = 0; ; number += 1) if (!interfaces.includes(`dray${number}`)) return `dray${number}`;
}

function noBridgeFor(name: string, reason: string, hint: string): DrayError {
  return new DrayError('ENGINE_START_FAILED', `cannot create network bridge ${name}: ${reason}`, { hint });
}
