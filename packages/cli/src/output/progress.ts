import type { Host } from '../host.ts';

/** Progress output of a command, on stderr. */
export interface Progress {
  /** Prints a permanent line. */
  line(text: string): void;
  /** Sets the current status, in place of the previous one. Cheap enough to call for every chunk. */
  status(text: string): void;
  /** Clears the status. Can be called twice. */
  stop(): void;
}

/** Interval of status lines in a CI log (ms): runners end jobs that print nothing for some minutes. */
const heartbeatMs = 30_000;

/** Calls a function repeatedly until the returned function is called. */
export type Ticker = (tick: () => void, intervalMs: number) => () => void;

/** A spinner for a terminal, lines for a log. */
export async function startProgress({ stderr, env }: Host): Promise<Progress> {
  const isCi = !['', 'false', '0', undefined].includes(env['CI']?.toLowerCase());
  if (!stderr.isTerminal || isCi || env['TERM'] === 'dumb') return createLogProgress(stderr);
  const { createSpinnerProgress } = await import('./spinner.ts');
  return createSpinnerProgress(stderr);
}

/** Prints lines immediately, and the status when nothing was printed for {@link heartbeatMs}. */
export function createLogProgress(stderr: Host['stderr'], every: Ticker = everyInterval): Progress {
  let current: string | undefined;
  let isQuiet = true;
  const stop = every(() => {
    if (isQuiet && current !== undefined) stderr.write(`${current}\n`);
    isQuiet = true;
  }, heartbeatMs);
  return {
    line(text) {
      stderr.write(`${text}\n`);
      isQuiet = false;
    },
    status(text) {
      current = text;
    },
    stop,
  };
}

function everyInterval(tick: () => void, intervalMs: number): () => void {
  const timer = setInterval(tick, intervalMs);
  timer.unref();
  return () => {
    clearInterval(timer);
  };
}
