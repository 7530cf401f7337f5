import { UsageError, isDrayError, prepullImages, printable, reasonOf, redactUrl } from '@drayage/core';
import { createDirectoryTransport, initLayout } from '@drayage/core/bundle';
import type {
  DrayError,
  ImageOrigin,
  PrepullEvent,
  PrepullReport,
  Source,
  TagSource,
  Transport,
} from '@drayage/core';
import { prepullExitCode } from '../exit-codes.ts';
import { frozenImages, gatherImages, type ImageSet } from '../images/gather-images.ts';
import { askedWaitLine, prepullEventLine, prepullStatus, prepullSummary } from '../output/prepull-text.ts';
import { tell, writeSummary } from '../output/ci-log.ts';
import { prepullMarkdown } from '../output/summary-markdown.ts';
import { startProgress, type Progress } from '../output/progress.ts';
import { prepare } from '../prepare/prepare.ts';
import { checkNames } from '../images/check-names.ts';
import { openEngine } from '../wiring/open-engine.ts';
import { openPacking } from '../wiring/packing.ts';
import { openRegistry } from '../wiring/open-registry.ts';
import { startPrepullLimit } from '../wiring/prepull-limit.ts';
import { expireQuietly } from '../wiring/expire-quietly.ts';
import { openHandover } from '../wiring/handover.ts';
import { canPublish, publishImages, type PublishedImage } from '../wiring/publish-images.ts';
import { signed, signing } from '../wiring/trust.ts';
import type { AskedWait } from '@drayage/registry';
import type { CommandContext } from '../command.ts';
import type { Config } from '../options/option.ts';

/** What `prepull --json` prints. */
export interface PrepullCommandReport extends PrepullReport {
  /** Why there was nothing to pre-pull. */
  readonly reason?: string | undefined;
  /** With --as-images: the name under which any engine can pull each image. */
  readonly published?: readonly PublishedImage[] | undefined;
}

/** `dray prepull`. */
export async function runPrepull(context: CommandContext): Promise<number> {
  const { config, host } = context;
  const limit = startPrepullLimit(context);
  const progress = await startProgress(host, 'dray prepull');
  let report: PrepullCommandReport;
  try {
    report = await gatherAndPrepull({ ...context, signal: limit.signal }, progress, limit.endsAt);
  } finally {
    progress.stop();
    limit.release();
  }
  const isFine = report.reason !== undefined || report.outcome === 'ready';
  const sentence = report.reason ?? prepullSummary(report, placeOf(config));
  tell(isFine ? 'notice' : 'warning', sentence, host);
  if (config.jobSummary)
    await writeSummary(isFine ? 'notice' : 'warning', prepullMarkdown(sentence, report), host);
  if (config.json) host.stdout.write(`${JSON.stringify(report)}\n`);
  return prepullExitCode(report);
}

/** Where the images are for others. */
function placeOf({ bundle, handover }: Config): string {
  return handover === undefined ? bundle : printable(redactUrl(handover), 200);
}

async function gatherAndPrepull(
  context: CommandContext,
  progress: Progress,
  deadlineAt: number,
): Promise<PrepullCommandReport> {
  const { config, host, signal } = context;
  checkSource(context);
  // A missing key is wrong usage, even if there is nothing to pre-pull.
  signing(config, () => undefined);
  const warn = (message: string): void => progress.line(`dray: warning: ${message}`);
  const onWait = oncePerWait((text) => progress.line(text));
  const source = await openRegistry(config, host, warn, { deadlineAt, onWait });
  try {
    const handover = await openHandover(config, host);
    try {
      const publishes = canPublish(config, handover);
      const surroundings = { source, handover, progress };
      const set = await gather(context, surroundings, warn);
      const report = await runOne(context, set, surroundings);
      const published = publishes
        ? await publishImages(handover, report, { progress, warn, signal })
        : undefined;
      if (handover !== undefined) await expireQuietly(handover, context, warn);
      return {
        ...report,
        ...(set.reason === undefined ? {} : { reason: set.reason }),
        ...(published === undefined ? {} : { published }),
      };
    } finally {
      await handover?.close();
    }
  } finally {
    await source.close();
  }
}

/** Requests run in parallel, so a registry asks for one wait many times. */
function oncePerWait(print: (text: string) => void): (wait: AskedWait) => void {
  const waitedFor = new Map<string, number>();
  return ({ registry, ms }) => {
    const now = Date.now();
    if (now < (waitedFor.get(registry) ?? 0)) return;
    waitedFor.set(registry, now + ms);
    print(askedWaitLine(registry, ms));
  };
}

interface Surroundings {
  readonly source: Source & TagSource;
  readonly handover: Transport | undefined;
  readonly progress: Progress;
}

/** The images of this run. On failure, publishes a `failed` status, so that no job waits for it. */
async function gather(
  context: CommandContext,
  surroundings: Surroundings,
  warn: (message: string) => void,
): Promise<ImageSet> {
  try {
    const gathered = await gatherImages({ ...context, tags: surroundings.source, warn });
    return { ...gathered, images: await frozenImages(gathered.images, context) };
  } catch (error) {
    // Wrong usage does not begin a run.
    if (!isDrayError(error) || error.code === 'USAGE') throw error;
    await publishFailure(context, surroundings, error).catch((cause: unknown) => {
      warn(`cannot publish the failed status: ${reasonOf(cause)}`);
    });
    throw error;
  }
}

async function publishFailure(
  { config, signal }: CommandContext,
  { source, handover }: Surroundings,
  error: DrayError,
): Promise<void> {
  await prepullImages([], {
    from: source,
    to: { bundle: config.bundle, handover },
    prepare: () => Promise.reject(error),
    pipeline: config.pipeline,
    signal,
  });
}

async function runOne(
  context: CommandContext,
  { images }: ImageSet,
  { source, handover, progress }: Surroundings,
): Promise<PrepullReport> {
  const { config, host, signal } = context;
  // Reports an unusable bundle before anything is fetched.
  await initLayout(config.bundle);
  const options = signing(config, (reason) =>
    progress.line(`dray: warning: ignoring the existing bundle: ${reason}`),
  );
  const bundle = await signed(createDirectoryTransport(config.bundle), options, signal);
  return prepullImages(images, {
    from: await originOf(context, images, source),
    to: {
      bundle,
      handover: handover === undefined ? undefined : await signed(handover, options, signal),
    },
    // Without images, there is nothing to prepare.
    ...(images.length === 0 ? {} : { prepare: () => prepare(config.prepare, { host, progress, signal }) }),
    packing: await openPacking(config, host),
    platform: config.platform,
    concurrency: config.concurrency,
    pipeline: config.pipeline,
    onEvent: showPrepull(progress, images.length),
    signal,
  });
}

async function originOf(
  { config, host }: CommandContext,
  images: ImageSet['images'],
  source: Source,
): Promise<Source | ImageOrigin> {
  if (config.source === 'registry') return source;
  checkNames(images);
  const { fromEngine } = await import('@drayage/engine');
  return fromEngine(await openEngine(host));
}

function checkSource({ config }: CommandContext): void {
  if (config.source !== 'engine' || !config.frozen) return;
  throw new UsageError('USAGE', 'cannot pre-pull: --frozen does not work with --source engine', {
    hint: 'Remove one of them: a lock records what registries have.',
  });
}

function showPrepull(progress: Progress, total: number): (event: PrepullEvent) => void {
  let [done, bytes, packed] = [0, 0, 0];
  const showStatus = (): void => {
    progress.status(prepullStatus(done, total, bytes, packed));
  };
  return (event) => {
    if (event.type === 'bytes') bytes += event.count;
    if (event.type === 'packing') packed += event.count;
    if (event.type === 'image') done += 1;
    const line = prepullEventLine(event);
    if (line !== undefined) progress.line(line);
    showStatus();
  };
}
