import { waitForImages, type StatusSnapshot, type WaitReport } from '@drayage/core/handover';
import { waitExitCode } from '../exit-codes.ts';
import { expandReference } from '../images/expand.ts';
import { waitingText } from '../output/delivery-text.ts';
import { startProgress, type Progress } from '../output/progress.ts';
import { counted, humanDuration } from '../output/quantities.ts';
import { withRendezvous } from '../wiring/rendezvous.ts';
import { waitPolicy } from '../wiring/wait-policy.ts';
import type { CommandContext } from '../command.ts';

/** `dray wait`. */
export async function runWait({ config, host, signal }: CommandContext): Promise<number> {
  const progress = await startProgress(host);
  const onLine = (line: string): void => progress.line(line);
  let report: WaitReport;
  try {
    report = await withRendezvous(config, host, onLine, ({ places, job }) =>
      waitForImages({
        documents: places.handover.documents,
        only: config.only.map((name) => expandReference(name, host.env)),
        policy: waitPolicy(config),
        pollMs: places.pollMs,
        job,
        onSnapshot: showWait(progress),
        signal,
      }),
    );
  } finally {
    progress.stop();
  }
  host.stderr.write(`${waitSummary(report)}\n`);
  if (config.json) host.stdout.write(`${JSON.stringify(report)}\n`);
  return waitExitCode(report);
}

/** The final line. */
export function waitSummary({ outcome, reason, images, ms }: WaitReport): string {
  const took = humanDuration(ms);
  if (outcome !== 'ready') return `not ready after ${took}: ${reason ?? outcome}`;
  const ready = images.filter(({ state }) => state === 'ready').length;
  return `ready after ${took}: ${counted(ready, 'image')}`;
}

function showWait(progress: Progress): (snapshot: StatusSnapshot) => void {
  let last: string | undefined;
  return ({ decision, status }) => {
    if (decision.kind !== 'running') return;
    const text = waitingText(status);
    if (status?.runId !== last || last === undefined) progress.line(text);
    last = status?.runId ?? '';
    progress.status(text);
  };
}
