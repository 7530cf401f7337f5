import type { Host } from '../host.ts';

/** What people see while a command works. Everything goes to stderr. */
export interface Progress {
  /** Adds a line that stays. */
  line(text: string): void;
  /** What goes on right now; replaces what was said before. Cheap enough for every chunk of bytes. */
  status(text: string): void;
  /** Removes the status. Safe to call twice. */
  stop(): void;
}

/** How often a CI log gets a sign of life: runners end jobs that print nothing for some minutes. */
const heartbeatMs = 30_000;

/** Calls something again and again until the returned function is called. */
export type Ticker = (tick: () => void, intervalMs: number) => () => void;

/** A spinner for a terminal, lines for a log. */
export async function startProgress({ stderr, env }: Host): Promise<Progress> {
  const isCi = !['', 'false', '0', undefined].includes(env['CI']?.toLowerCase());
  if (!stderr.isTerminal || isCi || env['TERM'] === 'dumb') return createLogProgress(stderr);
  const { createSpinnerProgress } = await import('./spinner.ts');
  return createSpinnerProgress(stderr);
}

/** Lines as they come, and the status when nothing else was printed for {@link heartbeatMs}. */
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
