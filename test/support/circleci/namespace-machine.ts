import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { makeFolder, removeFolder } from '../folders.ts';
import { listProcesses } from '../process-table.ts';
import { start } from '../processes.ts';
import {
  homeWithin,
  lastingScript,
  makeMachineFolders,
  type Machine,
  type MachineFolders,
} from './machine.ts';

/** What a machine without walls has of this machine. */
export interface NamespaceOptions {
  /** Where its programs are looked for. */
  readonly path: string;
  /** Folders in `/tmp` that are still visible in it. */
  readonly visible?: readonly string[];
}

/**
 * A machine that is this one, as root, with its own `/tmp` and processes: like a virtual machine of
 * CircleCI, and started in milliseconds.
 */
export async function startNamespaceMachine(options: NamespaceOptions): Promise<Machine> {
  const folder = makeFolder();
  const folders = makeMachineFolders(folder);
  const script = `${mountScript(folders, options.visible ?? [])}\necho ready\n${lastingScript}`;
  const namespaces = ['--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
  const holder = start('unshare', [...namespaces, 'sh', '-ec', script]);
  await holder.waitFor(/ready/);
  const first = listProcesses().find(({ parentPid }) => parentPid === holder.pid);
  const enter = ['--target', String(first?.pid), '--mount', '--pid', '--'];
  return {
    exchange: folders.exchange,
    env: { PATH: options.path, HOME: homeWithin, USER: 'root' },
    start(command, { env, cwd }) {
      const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
      const inside = ['sh', '-c', 'cd "$1" && shift && exec "$@"', 'sh', cwd, 'env', '-i', ...variables];
      return start('nsenter', [...enter, ...inside, ...command]);
    },
    async destroy() {
      await holder.kill('SIGKILL');
      await removeFolder(folder);
    },
  };
}

/**
 * Its `/tmp` is a folder of ours, in which the visible folders are mounted at their own paths.
 */
function mountScript({ tmp, exchange }: MachineFolders, visible: readonly string[]): string {
  const shown = [exchange, ...visible].filter((path) => path.startsWith('/tmp/') && existsSync(path));
  for (const path of shown) mkdirSync(join(tmp, path.slice('/tmp/'.length)), { recursive: true });
  return [
    ...shown.map((path) => `mount --rbind '${path}' '${join(tmp, path.slice('/tmp/'.length))}'`),
    `mount --rbind '${tmp}' /tmp`,
  ].join('\n');
}
