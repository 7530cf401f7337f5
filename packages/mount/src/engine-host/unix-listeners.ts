import { readFile, readdir, readlink, realpath } from 'node:fs/promises';

/** A listening unix socket. */
export interface UnixListener {
  readonly inode: string;
  /** The path that it was bound to, which may differ from other paths of the same file. */
  readonly path: string;
}

// net/unix/af_unix.c prints SO_ACCEPTCON for listening sockets.
const listening = '00010000';

/** The listening sockets in `/proc/net/unix`. @see Linux, proc(5) "/proc/net/unix" */
export function parseUnixListeners(text: string): readonly UnixListener[] {
  return text.split('\n').flatMap((line) => {
    const [, , , flags, , , inode, ...path] = line.trim().split(/ +/);
    if (flags !== listening || inode === undefined || path.length === 0) return [];
    return [{ inode, path: path.join(' ') }];
  });
}

/** The process that listens at a unix socket, or undefined if this process cannot see it. Needs root. */
export async function listenerPid(socketPath: string): Promise<number | undefined> {
  const listeners = parseUnixListeners(await readFile('/proc/net/unix', 'utf8'));
  const wanted = await realPath(socketPath);
  for (const { inode, path } of listeners) {
    if (wanted === undefined || (await realPath(path)) !== wanted) continue;
    const pid = await holderOf(`socket:[${inode}]`);
    if (pid !== undefined) return pid;
  }
  return undefined;
}

/**
 * Prefers an engine: with socket activation the init system holds the socket too, and a child may have
 * inherited it.
 */
async function holderOf(link: string): Promise<number | undefined> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const named = await Promise.all(pids.map(async (pid) => ({ pid, name: await nameOf(pid) })));
  const engines = named.filter(({ name }) => name === 'dockerd');
  const others = named.filter(({ name }) => name !== 'dockerd');
  for (const { pid } of [...engines, ...others]) if (await holds(pid, link)) return Number(pid);
  return undefined;
}

async function nameOf(pid: string): Promise<string | undefined> {
  return (await orUndefined(readFile(`/proc/${pid}/comm`, 'utf8')))?.trim();
}

async function holds(pid: string, link: string): Promise<boolean> {
  const folder = `/proc/${pid}/fd`;
  const names = (await orUndefined(readdir(folder))) ?? [];
  const links = await Promise.all(names.map((name) => orUndefined(readlink(`${folder}/${name}`))));
  return links.includes(link);
}

function realPath(path: string): Promise<string | undefined> {
  return path.startsWith('/') ? orUndefined(realpath(path)) : Promise.resolve(undefined);
}

/** Ignores errors, because processes, descriptors and files may disappear during the scan. */
function orUndefined<T>(looked: Promise<T>): Promise<T | undefined> {
  return looked.catch(() => undefined);
}
