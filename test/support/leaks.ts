import { readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname } from 'node:path';

import { ownBridgePrefix } from './bridge.ts';
import { ownFolderPrefix } from './folders.ts';
import { mountsBelow } from './mounts.ts';
import { listProcesses, processesNaming, withDescendants } from './process-table.ts';
import { waitUntil } from './wait.ts';

/** What this process has on the machine at one moment, one readable line each. */
export type Holdings = ReadonlySet<string>;

/** Lists what this process holds: processes, mounts, loop devices, temporary folders, network interfaces. */
export function holdings(): Holdings {
  return new Set([...ownProcesses(), ...ownMounts(), ...ownLoopDevices(), ...ownFolders(), ...interfaces()]);
}

/** Throws with a list when something was added since `before` and stays. */
export async function expectNoLeaks(before: Holdings): Promise<void> {
  const leaks = (): string[] => [...holdings()].filter((line) => !before.has(line));
  try {
    await waitUntil(() => leaks().length === 0, 'nothing is left');
  } catch (cause) {
    throw new Error(`cannot call it clean: left behind are\n${leaks().join('\n')}`, { cause });
  }
}

function ownProcesses(): string[] {
  const all = listProcesses();
  const children = all.filter(({ parentPid }) => parentPid === process.pid);
  const own = new Map(
    [...withDescendants(all, children), ...processesNaming(ownFolderPrefix)].map((e) => [e.pid, e]),
  );
  return [...own.values()].map(({ pid, commandLine }) => `process ${String(pid)}: ${commandLine}`);
}

function ownMounts(): string[] {
  return mountsBelow(tmpdir())
    .filter((point) => point.startsWith(ownFolderPrefix))
    .map((point) => `mount ${point}`);
}

function ownLoopDevices(): string[] {
  return readdirSync('/sys/block')
    .filter((name) => name.startsWith('loop'))
    .map((name) => `loop device ${name}: ${backingFile(name)}`)
    .filter((line) => line.includes(ownFolderPrefix));
}

function backingFile(loopDevice: string): string {
  try {
    return readFileSync(`/sys/block/${loopDevice}/loop/backing_file`, 'utf8').trim();
  } catch {
    return 'none';
  }
}

function ownFolders(): string[] {
  return readdirSync(dirname(ownFolderPrefix))
    .filter((name) => name.startsWith(basename(ownFolderPrefix)))
    .map((name) => `folder ${name}`);
}

/**
 * Others come and go with the machine's own containers; docker0 would be made by an engine of ours gone
 * wrong.
 */
function interfaces(): string[] {
  return readdirSync('/sys/class/net')
    .filter((name) => name === 'docker0' || name.startsWith(ownBridgePrefix))
    .map((name) => `network interface ${name}`);
}
