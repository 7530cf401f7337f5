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

// Each rule with its table before it; comments and counters are left out.
const listRules = `rules() { "$1-save" 2>/dev/null | awk '/^\\*/ { t = substr($0, 2) } /^-A/ { print t, $0 }'; }`;

/** Keeps the firewall rules in files of folder `$1`. */
export const keepRulesScript: string = `${listRules}
for family in iptables ip6tables; do rules $family >"$1/$family.rules"; done
exit 0
`;

/**
 * Adds the rules that are in those files and are missing now: an engine that starts empties the chains of the
 * engine that is there. They name other interfaces than the rules of the new one, so their order among
 * themselves is what counts. Chains of isolation end with a RETURN, so there they come first.
 */
export const restoreRulesScript: string = `${listRules}
for family in iptables ip6tables; do
  [ -s "$1/$family.rules" ] || continue
  rules $family >"$1/$family.now"
  # An empty list of patterns would select nothing in some greps, and everything in others.
  echo none >>"$1/$family.now"
  grep -vxF -f "$1/$family.now" "$1/$family.rules" >"$1/$family.lost"
  grep -v -- '-A DOCKER-ISOLATION' "$1/$family.lost" | while read -r table rule; do
    $family -w -t "$table" $rule
  done
  grep -- '-A DOCKER-ISOLATION' "$1/$family.lost" | sed '1!G;h;$!d' | while read -r table rule; do
    $family -w -t "$table" -I \${rule#-A }
  done
done >/dev/null 2>&1
exit 0
`;
