import { readFile, readdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';

const cgroupRoot = '/sys/fs/cgroup';

/** The existing directories of a control group: one per hierarchy in version 1, a single one in version 2. */
async function cgroupDirectories(cgroup: string): Promise<readonly string[]> {
  const hierarchies = await namesOf(cgroupRoot);
  const candidates = [cgroupRoot, ...hierarchies.map((name) => join(cgroupRoot, name))];
  const found: string[] = [];
  for (const candidate of candidates) {
    const dir = join(candidate, cgroup);
    if ((await namesOf(dir)).includes('cgroup.procs')) found.push(dir);
  }
  return found;
}

/** The processes in a control group and its children that are visible in this pid namespace. */
export async function cgroupProcesses(cgroup: string): Promise<readonly number[]> {
  const pids = new Set<number>();
  for (const top of await cgroupDirectories(cgroup)) {
    for (const dir of await withChildren(top)) {
      const text = await readFile(join(dir, 'cgroup.procs'), 'utf8').catch(() => '');
      // 0: a process in another pid namespace.
      for (const line of text.split('\n')) if (Number(line) > 0) pids.add(Number(line));
    }
  }
  return [...pids];
}

/** Removes an empty control group and its children; one in use stays. */
export async function removeCgroup(cgroup: string): Promise<void> {
  for (const top of await cgroupDirectories(cgroup)) {
    for (const dir of (await withChildren(top)).toReversed()) await rmdir(dir).catch(() => undefined);
  }
}

/** Parents come before children. */
async function withChildren(top: string): Promise<readonly string[]> {
  const found = [top];
  for (const dir of found) {
    const entries = await readdir(dir, { withFileTypes: true }).catch(() => []);
    for (const entry of entries) if (entry.isDirectory()) found.push(join(dir, entry.name));
  }
  return found;
}

async function namesOf(dir: string): Promise<readonly string[]> {
  return readdir(dir).catch(() => []);
}
