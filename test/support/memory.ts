import { readFileSync } from 'node:fs';

import { listProcesses, withDescendants } from './process-table.ts';

const SAMPLE_EVERY_MS = 20;

/** Follows the peak resident memory of a process until `stop`, which returns it in bytes. */
export function sampleStatus(pid: number): { stop(): number } {
  let peakBytes = 0;
  const sample = (): void => {
    peakBytes = Math.max(peakBytes, peakRssBytes(pid) ?? 0);
  };
  const timer = setInterval(sample, SAMPLE_EVERY_MS);
  timer.unref();
  sample();
  return {
    stop() {
      clearInterval(timer);
      return peakBytes;
    },
  };
}

const SAMPLE_TREE_EVERY_MS = 50;

/**
 * Follows the resident memory of a process and all that it has started, taken together, until `stop`, which
 * returns the peak in bytes. A page that several processes share counts once.
 * @see Linux, Documentation/filesystems/proc.rst, "Pss"
 */
export function sampleTree(pid: number): { stop(): number } {
  let peakBytes = 0;
  const timer = setInterval(() => {
    const all = listProcesses();
    const tree = withDescendants(
      all,
      all.filter((process) => process.pid === pid),
    );
    const bytes = tree.reduce((sum, process) => sum + pssBytes(process.pid), 0);
    peakBytes = Math.max(peakBytes, bytes);
  }, SAMPLE_TREE_EVERY_MS);
  timer.unref();
  return {
    stop() {
      clearInterval(timer);
      return peakBytes;
    },
  };
}

function pssBytes(pid: number): number {
  try {
    const match = /^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${String(pid)}/smaps_rollup`, 'utf8'));
    return Number(match?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

/** The kernel keeps the high-water mark itself, so only growth within the last interval can be missed. */
function peakRssBytes(pid: number): number | undefined {
  try {
    const match = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${String(pid)}/status`, 'utf8'));
    return match?.[1] === undefined ? undefined : Number(match[1]) * 1024;
  } catch {
    return undefined;
  }
}
