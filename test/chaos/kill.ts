import { setTimeout as pause } from 'node:timers/promises';

import type { Running } from '../support/processes.ts';
import type { Campaign } from './scenario.ts';

/** A command that is killed again and again. */
export interface Killable {
  /** Names the command in the output. */
  readonly what: string;
  /** Restores the state before the command. */
  readonly prepare: () => Promise<void>;
  readonly start: () => Running;
  /** Runs the same command again; rejects unless it succeeds, with nothing wrong and nothing left. */
  readonly recover: () => Promise<void>;
}

/** When a command is killed: once it has printed so many lines, or after a time. */
type Moment = { readonly lines: number } | { readonly ms: number };

/** Kills with SIGKILL at lines of the output, and at random times over the length of an undisturbed run. */
export async function killEverywhere(
  { rounds, random, attempt }: Campaign,
  { what, prepare, start, recover }: Killable,
): Promise<void> {
  const undisturbed = { ms: 0, lines: 0 };
  await attempt(`${what}, not killed`, async () => {
    await prepare();
    const { exitCode, durationMs, stdout, stderr } = await start().finished;
    if (exitCode !== 0) throw new Error(`exit ${String(exitCode)}:\n${stdout}${stderr}`);
    Object.assign(undisturbed, { ms: Math.round(durationMs), lines: lineCount(stderr) });
    await recover();
  });
  const lines = Array.from({ length: undisturbed.lines }, (_, index) => ({ lines: index + 1 }));
  while (lines.length > rounds) lines.splice(random.below(lines.length), 1);
  const times = Array.from({ length: rounds }, () => ({ ms: random.below(undisturbed.ms + 50) }));
  for (const moment of [...lines, ...times]) {
    await attempt(`${what}, killed ${momentText(moment)}`, async () => {
      await prepare();
      const child = start();
      await reached(child, moment);
      await child.kill('SIGKILL');
      await recover();
    });
  }
}

/** Resolves early when the command ends first. */
async function reached(child: Running, moment: Moment): Promise<void> {
  const wait =
    'ms' in moment
      ? pause(moment.ms)
      : child.waitFor(new RegExp(`^(?:.*\n){${String(moment.lines)}}`)).catch(() => undefined);
  await Promise.race([wait, child.finished]);
}

function momentText(moment: Moment): string {
  return 'ms' in moment ? `after ${String(moment.ms)} ms` : `after line ${String(moment.lines)}`;
}

function lineCount(text: string): number {
  return text.split('\n').length - 1;
}
