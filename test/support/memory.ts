import { readFileSync } from 'node:fs';

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

/** The kernel keeps the high-water mark itself, so only growth within the last interval can be missed. */
function peakRssBytes(pid: number): number | undefined {
  try {
    const match = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${String(pid)}/status`, 'utf8'));
    return match?.[1] === undefined ? undefined : Number(match[1]) * 1024;
  } catch {
    return undefined;
  }
}
