import { readFile, readdir, readlink } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';

/** A process that cannot be mistaken for a later one with the same number. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks between the boot and its start. */
  readonly startTime: number;
}

/** One process as `/proc` shows it. */
export interface ProcessEntry extends ProcessIdentity {
  readonly commandLine: string;
}

/** What tells whether process numbers mean the same here and there. */
export interface PidSpace {
  readonly bootId: string;
  /** As `/proc/self/ns/pid` links to: `pid:[4026531836]`. */
  readonly pidNamespace: string;
  /** As `/proc/self/ns/net` links to. */
  readonly networkNamespace: string;
}

const lookEveryMs = 20;

/** Where this process counts processes. */
export async function currentPidSpace(): Promise<PidSpace> {
  const [bootId, pidNamespace, networkNamespace] = await Promise.all([
    readFile('/proc/sys/kernel/random/boot_id', 'utf8'),
    readlink('/proc/self/ns/pid'),
    readlink('/proc/self/ns/net'),
  ]);
  return { bootId: bootId.trim(), pidNamespace, networkNamespace };
}

/** The identity of a running process, or undefined when there is none with that number. */
export async function identifyProcess(pid: number): Promise<ProcessIdentity | undefined> {
  const startTime = await startTimeOf(pid);
  return startTime === undefined ? undefined : { pid, startTime };
}

/** Whether exactly this process still runs. */
export async function isRunning({ pid, startTime }: ProcessIdentity): Promise<boolean> {
  return (await startTimeOf(pid)) === startTime;
}

/** The processes whose command line holds `text`, apart from this one. */
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

/** Sends a signal to exactly this process, if it still runs. */
export async function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): Promise<void> {
  if (!(await isRunning(identity))) return;
  try {
    process.kill(identity.pid, signal);
  } catch {
    // It ended in between.
  }
}

/** Waits until none of them runs any more; false when some still do after `timeoutMs`. */
export async function waitForEnd(processes: readonly ProcessIdentity[], timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const alive = await Promise.all(processes.map(isRunning));
    if (!alive.includes(true)) return true;
    if (performance.now() > deadline) return false;
    await pause(lookEveryMs);
  }
}

/** The start time that a `/proc/PID/stat` tells; undefined for a zombie, which runs nothing any more. Pure. */
export function parseStartTime(stat: string): number | undefined {
  // The second field is the program's name in parentheses and may hold anything, so fields are counted behind it.
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
