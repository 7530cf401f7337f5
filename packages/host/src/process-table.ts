import { readFile, readdir, readlink } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';

/** Identifies a process even after the kernel reuses its pid. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks from boot to the start of the process. */
  readonly startTime: number;
}

/** One process as `/proc` shows it. */
export interface ProcessEntry extends ProcessIdentity {
  readonly commandLine: string;
}

/** The namespaces of a process: pids mean the same in two processes whose boot and pid namespace match. */
export interface PidSpace {
  readonly bootId: string;
  /** The target of `/proc/self/ns/pid`, such as `pid:[4026531836]`. */
  readonly pidNamespace: string;
  /** The target of `/proc/self/ns/net`. */
  readonly networkNamespace: string;
}

const lookEveryMs = 20;

export async function currentPidSpace(): Promise<PidSpace> {
  const [bootId, pidNamespace, networkNamespace] = await Promise.all([
    readFile('/proc/sys/kernel/random/boot_id', 'utf8'),
    readlink('/proc/self/ns/pid'),
    readlink('/proc/self/ns/net'),
  ]);
  return { bootId: bootId.trim(), pidNamespace, networkNamespace };
}

/** The identity of a running process, or undefined if no process has that pid. */
export async function identifyProcess(pid: number): Promise<ProcessIdentity | undefined> {
  const startTime = await startTimeOf(pid);
  return startTime === undefined ? undefined : { pid, startTime };
}

/** Whether this process, and not a later one with its pid, still runs. */
export async function isRunning({ pid, startTime }: ProcessIdentity): Promise<boolean> {
  return (await startTimeOf(pid)) === startTime;
}

/** The processes whose command line contains `text`, except this one. */
export async function processesNaming(text: string): Promise<readonly ProcessEntry[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const found: ProcessEntry[] = [];
  for (const pid of pids) {
    if (pid === process.pid) continue;
    const commandLine = (await readOrNothing(`/proc/${pid}/cmdline`)).replaceAll('\0', ' ');
    if (!commandLine.includes(text)) continue;
    const startTime = await startTimeOf(pid);
    if (startTime !== undefined) found.push({ pid, startTime, commandLine: commandLine.trim() });
  }
  return found;
}

/** Sends a signal to this process if it still runs. */
export async function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): Promise<void> {
  if (!(await isRunning(identity))) return;
  try {
    process.kill(identity.pid, signal);
  } catch {
    // It ended in between.
  }
}

/** Waits until all processes have ended; false if some still run after `timeoutMs`. */
export async function waitForEnd(processes: readonly ProcessIdentity[], timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const alive = await Promise.all(processes.map(isRunning));
    if (!alive.includes(true)) return true;
    if (performance.now() > deadline) return false;
    await pause(lookEveryMs);
  }
}

/** Reads the start time from `/proc/PID/stat`; undefined for a zombie, which has ended. Pure. */
export function parseStartTime(stat: string): number | undefined {
  // The second field is the program's name in parentheses and may contain anything: count fields after it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const startTime = Number(fields[19]);
  return fields[0] === 'Z' || fields[0] === 'X' || !Number.isSafeInteger(startTime) ? undefined : startTime;
}

async function startTimeOf(pid: number): Promise<number | undefined> {
  return parseStartTime(await readOrNothing(`/proc/${pid}/stat`));
}

async function readOrNothing(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    return '';
  }
}
