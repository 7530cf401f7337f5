import type { Host } from '../host.ts';
import { openGroup } from './ci-log.ts';

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

/**
 * A spinner for a terminal, lines for a log: in a section called `title`, if it is given and the CI system
 * has any.
 */
export async function startProgress(host: Host, title?: string): Promise<Progress> {
  const { stderr, env } = host;
  const isCi = !['', 'false', '0', undefined].includes(env['CI']?.toLowerCase());
  if (!stderr.isTerminal || isCi || env['TERM'] === 'dumb') {
    return title === undefined ? createLogProgress(stderr) : inGroup(createLogProgress(stderr), title, host);
  }
  const { createSpinnerProgress } = await import('./spinner.ts');
  return createSpinnerProgress(stderr);
}

function inGroup(progress: Progress, title: string, host: Host): Progress {
  let close: (() => void) | undefined = openGroup(title, host);
  return {
    ...progress,
    stop() {
      progress.stop();
      close?.();
      close = undefined;
    },
  };
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
