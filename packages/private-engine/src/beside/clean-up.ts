import { shellCommand } from '@drayage/host';
import type { Owner } from '../lock/owner.ts';

/** How long an engine may take to end its containers before it is killed (s). */
const graceSeconds = { stop: 20, lost: 3 } as const;

/**
 * Ends an engine beside another one, and removes everything of it: processes, control groups, networks, rules
 * and folders. Runs in the network namespace of the engine. It needs no other program than BusyBox has, and
 * iptables. `$1` pid, `$2` start time, `$3` run directory, `$4` control group, `$5` bridge or empty, `$6` yes
 * if no other engine had firewall chains, `$7` data-root, `$8` seconds before it is killed.
 */
const cleanUpScript = `
start=$(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20)
[ "$start" = "$2" ] && pid=$1 || pid=
bridges="$5 $(grep -aoE 'br-[0-9a-f]{12}' "$7/data/network/files/local-kv.db" 2>/dev/null | sort -u)"
alive() { [ -n "$pid" ] && state=$(sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null) && [ "\${state%% *}" != Z ] && [ -n "$state" ]; }
if alive; then
  kill -TERM "$pid"
  i=0
  while alive && [ $i -lt $(($8 * 10)) ]; do sleep 0.1; i=$((i + 1)); done
  alive && kill -KILL "$pid"
fi
groups() { for top in /sys/fs/cgroup /sys/fs/cgroup/*; do [ -d "$top$1" ] && echo "$top$1"; done; }
dirs=$(groups "$4")
left() {
  for f in $(grep -ls -e "$1/" /proc/[0-9]*/cmdline 2>/dev/null); do p=\${f#/proc/}; p=\${p%/cmdline}; [ "$p" = $$ ] || echo "$p"; done
  for dir in $dirs; do find "$dir" -name cgroup.procs -exec cat {} + 2>/dev/null; done
}
i=0
while [ $i -lt 50 ]; do
  pids=$(left "$3"); found=
  for p in $pids; do [ "$p" -gt 0 ] && kill -KILL "$p" 2>/dev/null && found=1; done
  [ -n "$found" ] || break
  sleep 0.1; i=$((i + 1))
done
for dir in $dirs; do find "$dir" -depth -type d -exec rmdir {} + 2>/dev/null; rmdir "\${dir%/*}" 2>/dev/null; done
rules() {
  for family in iptables ip6tables; do
    command -v $family >/dev/null 2>&1 || continue
    for table in raw filter nat; do "$1" $family -w -t $table; done
  done
}
without() { "$@" -S 2>/dev/null | grep -E -- " $bridge( |$)" | sed -n 's/^-A /-D /p' | while read -r rule; do "$@" $rule; done; }
chains() {
  "$@" -S 2>/dev/null | grep -E -- '^-A [^D].* -j DOCKER|^-A DOCKER-USER' | sed 's/^-A /-D /' | while read -r rule; do "$@" $rule; done
  names=$("$@" -S 2>/dev/null | sed -nE 's/^-N (DOCKER(-[A-Z0-9-]+)?)$/\\1/p')
  for name in $names; do "$@" -F "$name"; done
  for name in $names; do "$@" -X "$name"; done
}
for bridge in $bridges; do
  rules without >/dev/null 2>&1
  ip link delete "$bridge" 2>/dev/null
done
if [ "$6" = yes ]; then
  others=
  for path in /sys/class/net/docker0 /sys/class/net/dray[0-9]* /sys/class/net/br-*; do [ -d "$path" ] && others=1; done
  [ -n "$others" ] || rules chains >/dev/null 2>&1
fi
i=0
while ! rm -rf "$3" "$7" 2>/dev/null && [ $i -lt 20 ]; do sleep 0.1; i=$((i + 1)); done
rmdir "\${3%/*}" 2>/dev/null
exit 0
`;

/** What the script needs to know of an engine. */
export interface Remains {
  readonly owner: Owner;
  readonly dataRoot: string;
}

/** The command that runs the script in the network namespace of process `pid`. Pure. */
export function cleanUpCommand(
  pid: number,
  { owner, dataRoot }: Remains,
  grace: keyof typeof graceSeconds,
): readonly string[] {
  const { startTime, runDir, cgroup, bridge = '', ownsChains = false } = owner;
  const facts = [owner.pid, startTime, runDir, cgroup, bridge, ownsChains ? 'yes' : 'no', dataRoot];
  const args = [...facts, graceSeconds[grace]].map(String);
  return ['nsenter', '-t', String(pid), '-n', '--', 'sh', '-c', cleanUpScript, 'drayage', ...args];
}

/** The shell commands that make a shell run a command when it ends, also by a signal. Pure. */
export function trapCommands(command: readonly string[]): readonly (readonly string[])[] {
  return [
    ['trap', `${shellCommand(command)} >/dev/null 2>&1`, 'EXIT'],
    ['trap', 'exit 1', 'TERM', 'INT', 'HUP'],
  ];
}

/**
 * A script that prints the owner files of engines in the volume `$1` that have died: nothing holds their
 * lock, or their process has ended. For each a line with its data-root and a line with the file.
 */
export const listRemainsScript = `
for root in "$1"/engine-*; do
  [ -d "$root" ] || continue
  owner=$(cat "$root/.drayage/owner.json" 2>/dev/null)
  if ! flock -n "$root/.drayage/lock" true 2>/dev/null; then
    pid=\${owner#*'"pid":'}; pid=\${pid%%,*}; start=\${owner#*'"startTime":'}; start=\${start%%,*}
    space=\${owner#*'"pidNamespace":"'}; space=\${space%%'"'*}
    [ "$space" = "$(readlink /proc/self/ns/pid)" ] || continue
    [ "$(sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null | cut -d' ' -f20)" != "$start" ] || continue
  fi
  echo "$root"; echo "$owner"
done
`;
