import { humanSize } from '../output/quantities.ts';
import { deliverImages, isDrayError, type DeliveryEvent, type DeliveryReport } from '@drayage/core';
import { errorExitCode, exitCodes, deliveryExitCode } from '../exit-codes.ts';
import { expandReference, knownReferences } from '../images/expand.ts';
import { deliveryEventLine, deliverySummary, waitingText } from '../output/delivery-text.ts';
import { tell, writeSummary } from '../output/ci-log.ts';
import { deliveryMarkdown } from '../output/summary-markdown.ts';
import { failureJson, failureText } from '../output/failure.ts';
import { startProgress, type Progress } from '../output/progress.ts';
import { openMounting } from '../wiring/mounter.ts';
import { openEngine } from '../wiring/open-engine.ts';
import { openPackAccess } from '../wiring/packing.ts';
import { trusted } from '../wiring/trust.ts';
import { withRendezvous, type Rendezvous } from '../wiring/rendezvous.ts';
import { waitPolicy } from '../wiring/wait-policy.ts';
import type { Host } from '../host.ts';
import { exportCommand, exportDockerHost } from '../wiring/export-docker-host.ts';
import type { CommandContext } from '../command.ts';

/** `dray load`. An early failure fails the job no more than a late one does. */
export async function runLoad(context: CommandContext): Promise<number> {
  const { config, host, signal } = context;
  try {
    return await waitAndLoad(context);
  } catch (error) {
    const isPassedOver = !config.strict && config.onMiss !== 'fail' && !signal.aborted;
    if (!isPassedOver || !isDrayError(error) || errorExitCode(error) === exitCodes.usage) throw error;
    host.stderr.write(`${failureText(error, config.verbose)}dray: the job goes on without the pre-pull\n`);
    if (config.json) host.stdout.write(failureJson(error));
    return exitCodes.done;
  }
}

async function waitAndLoad(context: CommandContext): Promise<number> {
  const { config, host } = context;
  const progress = await startProgress(host, 'dray load');
  const onLine = (line: string): void => progress.line(line);
  let report: DeliveryReport;
  try {
    report = await withRendezvous(config, host, onLine, (rendezvous) =>
      loadFrom(rendezvous, context, progress),
    );
  } finally {
    progress.stop();
  }
  const exitCode = deliveryExitCode(report, config);
  await tellResult(report, exitCode, context);
  if (config.json) host.stdout.write(`${JSON.stringify(report)}\n`);
  if (report.dockerHost !== undefined) await tellDockerHost(report.dockerHost, config, host);
  return exitCode;
}

/** A miss is an annotation; the job's summary lists the images. */
async function tellResult(report: DeliveryReport, exitCode: number, context: CommandContext): Promise<void> {
  const { config, host } = context;
  const sentence = deliverySummary(report, exitCode !== exitCodes.done);
  const missed = exitCode === exitCodes.done ? 'warning' : 'error';
  const level = report.outcome === 'hit' ? 'notice' : missed;
  tell(level, sentence, host);
  if (config.jobSummary) await writeSummary(level, deliveryMarkdown(sentence, report), host);
}

async function loadFrom(
  { places, job }: Rendezvous,
  { config, host, signal }: CommandContext,
  progress: Progress,
): Promise<DeliveryReport> {
  const engine = await openEngine(host);
  const onLine = (line: string): void => progress.line(line);
  const locations = { handover: trusted(places.handover, config), local: places.local };
  return deliverImages(locations, engine, {
    only: config.only.map((name) => expandReference(name, host.env)),
    expected: knownReferences(config.images, host.env),
    delivery: config.delivery,
    onMiss: config.onMiss,
    packs: {
      ...openPackAccess(config, host),
      mounting: openMounting(config, host, engine, onLine),
    },
    concurrency: config.concurrency,
    policy: waitPolicy(config),
    pollMs: places.pollMs,
    job,
    onEvent: showDelivery(progress),
    signal,
  });
}

async function tellDockerHost(
  dockerHost: string,
  { json, exportFile }: CommandContext['config'],
  host: Host,
): Promise<void> {
  if (!json) host.stdout.write(exportCommand(dockerHost));
  if (exportFile !== undefined) await exportDockerHost(exportFile, dockerHost, host);
}

function showDelivery(progress: Progress): (event: DeliveryEvent) => void {
  let lastWaiting: string | undefined;
  return (event) => {
    const line = deliveryEventLine(event);
    if (line !== undefined) progress.line(line);
    if (event.type === 'waiting' && event.decision.kind === 'running') {
      // Only the first snapshot and a new pre-pull get a line; the spinner shows the progress.
      const waitingFor = event.status?.runId ?? '';
      if (waitingFor !== lastWaiting) progress.line(waitingText(event.status));
      lastWaiting = waitingFor;
      progress.status(waitingText(event.status));
    }
    if (event.type === 'sent') progress.status(`${event.reference}  ${humanSize(event.bytes)} sent`);
    else if (line !== undefined && event.type !== 'image') progress.status(line);
  };
}
