import { posix } from 'node:path';

/** The running engine, as a process on its own side. */
export interface EngineProcess {
  readonly pid: number;
  /** Path of its program. */
  readonly program: string;
  /** `NAME=value` of the variables that a second engine needs too: the path of programs, and proxies. */
  readonly environment: readonly string[];
  /** Its own command line. */
  readonly args: readonly string[];
}

/**
 * A script that prints the engines in this mount namespace: for each a line `= PID PARENT PROGRAM`, lines
 * `e NAME=value` and `a ARGUMENT`, and lines `c PID PARENT` of the processes that name `$1`, the folder of
 * containerd's socket.
 */
export const listEnginesScript = `
here=$(readlink /proc/self/ns/mnt)
parent() { while read -r key value _; do [ "$key" = PPid: ] && echo "$value" && return; done <"/proc/$1/status"; }
for f in $(grep -ls -e "$1/" /proc/[0-9]*/cmdline); do
  p=\${f#/proc/}; p=\${p%/cmdline}; [ "$p" = $$ ] || echo "c $p $(parent "$p")"
done 2>/dev/null
ls -l /proc/[0-9]*/exe 2>/dev/null | grep '/dockerd$' | while read -r line; do
  program=\${line##* -> }; p=\${line#*/proc/}; p=\${p%%/*}
  [ "$(readlink "/proc/$p/ns/mnt")" = "$here" ] || continue
  echo "= $p $(parent "$p") $program"
  tr '\\0' '\\n' <"/proc/$p/environ" | grep -iE '^(PATH|(HTTPS?|NO|ALL|FTP)_PROXY)=' | while read -r it; do echo "e $it"; done
  tr '\\0' '\\n' <"/proc/$p/cmdline" | while read -r it; do echo "a $it"; done
done 2>/dev/null
exit 0
`;

/**
 * The engine whose containerd listens in the folder, in the output of that script: the parent of a process
 * that names the folder; without one, the first engine. Pure.
 */
export function findEngineProcess(printed: string): EngineProcess | undefined {
  const lines = printed.split('\n');
  const parents = lines.flatMap((line) => /^c \d+ (\d+)$/.exec(line)?.[1] ?? []);
  const engines = printed
    .split(/^= /m)
    .slice(1)
    .flatMap((text) => readEngine(text) ?? []);
  return engines.find(({ pid }) => parents.includes(String(pid))) ?? engines[0];
}

function readEngine(text: string): EngineProcess | undefined {
  const [head = '', ...rest] = text.trimEnd().split('\n');
  const [, pid, program] = /^(\d+) \d* (\/.*)$/.exec(head) ?? [];
  if (pid === undefined || program === undefined) return undefined;
  const marked = (mark: string): readonly string[] =>
    rest.filter((line) => line.startsWith(`${mark} `)).map((line) => line.slice(2));
  return { pid: Number(pid), program, environment: marked('e'), args: marked('a') };
}

const usualPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Words for `env`: the engine's variables, with the folder of its program first on the path. Pure. */
export function engineEnvironment({ program, environment }: EngineProcess): readonly string[] {
  const path = environment.find((word) => word.startsWith('PATH='))?.slice('PATH='.length);
  const others = environment.filter((word) => !word.startsWith('PATH='));
  return [`PATH=${posix.dirname(program)}:${path ?? usualPath}`, ...others];
}

/** The values of an option that may be given several times, as `--name value` or `--name=value`. Pure. */
export function valuesOf(name: string, args: readonly string[]): readonly string[] {
  return args.flatMap((arg, position) => {
    if (arg === `--${name}`) return args[position + 1] ?? [];
    return arg.startsWith(`--${name}=`) ? arg.slice(name.length + 3) : [];
  });
}
