import { shellQuote } from '@drayage/host';

/** The engine's containerd, according to a shim's command line. */
export interface SeenContainerd {
  /** Pid of the shim, which is in the mount namespace of the containerd that started it. */
  readonly pid: number;
  /** Path of containerd's socket. */
  readonly address: string;
  /** The containerd namespace of the engine's containers. */
  readonly namespace: string;
}

/**
 * A script that prints the command lines of all processes that name a container: a line with `= PID`, one
 * line per argument, and an empty line. A single `grep` looks at all of them, because each process that a
 * script starts takes a millisecond.
 */
export function namingScript(containerId: string): string {
  return [
    `for f in $(grep -ls -e ${shellQuote(containerId)} /proc/[0-9]*/cmdline); do`,
    '  p=${f#/proc/}; echo "= ${p%/cmdline}"; { tr "\\0" "\\n" <"$f"; } 2>/dev/null; echo',
    'done',
  ].join('\n');
}

/**
 * Finds the shim of a container in the output of that script. No other process can pass for it: only the
 * engine knows the ID of a new container.
 */
export function findShim(printed: string, containerId: string): SeenContainerd | undefined {
  const processes = printed.split(/^= /m).slice(1);
  return processes.map((text) => readShim(text, containerId)).find((shim) => shim !== undefined);
}

function readShim(text: string, containerId: string): SeenContainerd | undefined {
  const [pid, program = '', ...args] = text.trimEnd().split('\n');
  const isShim = /(^|\/)containerd-shim[^/]*$/.test(program) && optionOf(args, 'id') === containerId;
  const address = optionOf(args, 'address');
  const namespace = optionOf(args, 'namespace');
  if (!isShim || address?.startsWith('/') !== true || namespace === undefined) return undefined;
  return { pid: Number(pid), address, namespace };
}

/** Reads `-name value`, and as Go's flag package also `--name` and `-name=value`. */
function optionOf(args: readonly string[], name: string): string | undefined {
  const at = args.findIndex((arg) => arg === `-${name}` || arg === `--${name}`);
  if (at >= 0) return args[at + 1];
  return args
    .map((arg) => new RegExp(`^--?${name}=(.*)$`).exec(arg)?.[1])
    .find((value) => value !== undefined);
}
