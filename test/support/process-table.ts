import { readdirSync, readFileSync } from 'node:fs';

import { waitUntil } from './wait.ts';

/** One line of the process table. */
export interface ProcessEntry {
  readonly pid: number;
  readonly parentPid: number;
  readonly commandLine: string;
}

/** Lists the processes of this machine; those that end meanwhile are left out. */
export function listProcesses(): ProcessEntry[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readEntry(Number(name)))
    .filter((entry) => entry !== undefined);
}

/** Lists the processes that name a path in their command line, and everything they have started. */
export function processesNaming(path: string): ProcessEntry[] {
  const all = listProcesses();
  return withDescendants(
    all,
    all.filter(({ pid, commandLine }) => pid !== process.pid && commandLine.includes(path)),
  );
}

/** Adds to some processes all those that descend from them. */
export function withDescendants(
  all: readonly ProcessEntry[],
  roots: readonly ProcessEntry[],
): ProcessEntry[] {
  const found = new Map(roots.map((entry) => [entry.pid, entry]));
  for (const { pid } of found.values()) {
    for (const child of all) if (child.parentPid === pid) found.set(child.pid, child);
  }
  return [...found.values()];
}

/** Kills the processes that name a path, with everything they have started, and waits until they are gone. */
export async function endProcessesNaming(path: string): Promise<void> {
  const gone = (): boolean => {
    const left = processesNaming(path);
    for (const { pid } of left) kill(pid);
    return left.length === 0;
  };
  await waitUntil(gone, `the processes of ${path} are gone`);
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself meanwhile.
  }
}

function readEntry(pid: number): ProcessEntry | undefined {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
    // The second field is the program's name in parentheses and may hold anything, so fields are counted
    // behind it.
    const [state, parentPid] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (state === 'Z') return undefined;
    const commandLine = readFileSync(`/proc/${String(pid)}/cmdline`, 'utf8')
      .replaceAll('\0', ' ')
      .trim();
    return { pid, parentPid: Number(parentPid), commandLine };
  } catch {
    return undefined;
  }
}
