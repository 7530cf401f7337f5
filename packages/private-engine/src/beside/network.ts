import type { BridgeFacts } from '../network/choose-bridge.ts';
import { engineChains } from '../network/firewall.ts';
import { routedSubnets } from '../network/subnet.ts';

/** Runs in the network namespace of the engine; prints what `parseNetwork` reads. */
export const lookAtNetworkScript = `
for path in /sys/class/net/*; do echo "i \${path##*/}"; done
while read -r line; do echo "r $line"; done </proc/self/net/route
command -v ip >/dev/null 2>&1 && echo ip
if ! command -v iptables >/dev/null 2>&1; then echo 'n program iptables not found'
elif said=$(iptables -w -t nat -S 2>&1); then iptables -w -t filter -S | while read -r line; do echo "f $line"; done
else echo "n iptables does not work there ($(echo "$said" | tail -n 1))"
fi
exit 0
`;

/** The network of an engine. */
export interface SeenNetwork {
  readonly facts: BridgeFacts;
  /** An engine has firewall chains already. */
  readonly hasChains: boolean;
}

/** Reads the output of that script. Pure. */
export function parseNetwork(printed: string): SeenNetwork {
  const lines = printed.split('\n');
  const marked = (mark: string): readonly string[] =>
    lines.filter((line) => line.startsWith(`${mark} `)).map((line) => line.slice(2));
  return {
    facts: {
      interfaces: marked('i'),
      routes: routedSubnets(marked('r').join('\n')),
      noIptables: marked('n')[0],
      hasIp: lines.includes('ip'),
    },
    hasChains: engineChains(marked('f').join('\n')).length > 0,
  };
}

/** Makes bridge `$1` with address `$2`. */
export const makeBridgeScript = `
ip link add name "$1" type bridge || exit 1
ip addr add "$2" dev "$1" && ip link set "$1" up && exit 0
ip link delete "$1"
exit 1
`;
