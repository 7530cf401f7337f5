import { DrayError } from '@drayage/core';
import { freeSubnet, gatewayOf, type Subnet } from './subnet.ts';

/** What the choice of a network for containers depends on. */
export interface BridgeFacts {
  /** Names of all network interfaces. */
  readonly interfaces: readonly string[];
  readonly routes: readonly Subnet[];
  /** Why there can be no rules that lead containers out; undefined: there can. */
  readonly noIptables: string | undefined;
  /** There is a program `ip`. */
  readonly hasIp: boolean;
}

/** The network of an engine. */
export interface BridgePlan {
  /** For dockerd: a name, `none`, or undefined for its own `docker0`. */
  readonly bridge: string | undefined;
  /** To be made before, with this address and prefix. */
  readonly create?: { readonly name: string; readonly address: string } | undefined;
  /** To be removed after the engine: made for it, or by it. */
  readonly remove?: string | undefined;
  readonly iptables: boolean;
  /** What one should know about it. */
  readonly notes: readonly string[];
}

/**
 * Decides on the network. `wish` is `auto`, `none` or the name of a bridge, which is made when it is not there. Pure.
 * @throws DrayError `ENGINE_START_FAILED` when a bridge has to be made and cannot
 */
export function chooseBridge(wish: string, facts: BridgeFacts): BridgePlan {
  const { interfaces, noIptables } = facts;
  const iptables = noIptables === undefined;
  const notes = iptables
    ? []
    : [`containers cannot reach other networks and publish no ports but through docker-proxy: ${noIptables}`];
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

/** An engine without a bridge deletes docker0, whoever made it. */
function noBridge(interfaces: readonly string[]): BridgePlan {
  if (!interfaces.includes('docker0')) return { bridge: 'none', iptables: false, notes: [] };
  throw new DrayError(
    'ENGINE_START_FAILED',
    'cannot start an engine without a bridge: there is a docker0, which it would delete',
    { hint: 'Leave --bridge away: then it gets a bridge of its own.' },
  );
}

function ownBridge(
  name: string,
  { hasIp, routes }: BridgeFacts,
): Pick<BridgePlan, 'bridge' | 'create' | 'remove'> {
  const subnet = freeSubnet(routes);
  if (!hasIp) throw noBridgeFor(name, 'there is no program ip', 'Install iproute2, or give --bridge none.');
  if (subnet === undefined) {
    throw noBridgeFor(
      name,
      'every subnet for containers is in use',
      'Make one yourself, and name it with --bridge.',
    );
  }
  return { bridge: name, create: { name, address: gatewayOf(subnet) }, remove: name };
}

function freeName(interfaces: readonly string[]): string {
  for (let number = 0; ; number += 1) if (!interfaces.includes(`dray${number}`)) return `dray${number}`;
}

function noBridgeFor(name: string, reason: string, hint: string): DrayError {
  return new DrayError('ENGINE_START_FAILED', `cannot make network bridge ${name}: ${reason}`, { hint });
}
