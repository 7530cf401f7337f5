import { shellQuote } from '@drayage/host';

/** The engine's containerd, as the command line of a shim tells it. */
export interface SeenContainerd {
  /** Of the shim, which is in the mount namespace of the containerd that started it. */
  readonly pid: number;
  /** Path of containerd's socket. */
  readonly address: string;
  /** That the engine keeps its containers in. */
  readonly namespace: string;
}

/**
 * A script that prints the command lines of all processes that name a container: a line with `= PID`, then a line for each argument, then an
 * empty one. One `grep` looks at all of them, because each process that a script starts costs a millisecond.
 */
export function namingScript(containerId: string): string {
  return [
    `for f in $(grep -ls -e ${shellQuote(containerId)} /proc/[0-9]*/cmdline); do`,
    '  p=${f#/proc/}; echo "= ${p%/cmdline}"; { tr "\\0" "\\n" <"$f"; } 2>/dev/null; echo',
    'done',
  ].join('\n');
}

/**
 * Finds the shim of a container in what that script printed. No other process can be taken for it: nobody else knows the ID of a container
 * that has just been made.
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

/** `-name value`, as Go's flag package takes it: also `--name` and `-name=value`. */
function optionOf(args: readonly string[], name: string): string | undefined {
  const at = args.findIndex((arg) => arg === `-${name}` || arg === `--${name}`);
  if (at >= 0) return args[at + 1];
  return args
    .map((arg) => new RegExp(`^--?${name}=(.*)$`).exec(arg)?.[1])
    .find((value) => value !== undefined);
}
