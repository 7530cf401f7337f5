import { createDirectoryBlobStore } from '@drayage/core/bundle';
import { hostPlatform, isDrayError, summarizeError, type EngineInfo, type ErrorSummary } from '@drayage/core';
import { asksForMounts, decideWay, isMountWay, planDelivery, planPrepull } from '@drayage/core/plan';
import type { EngineView, WayChoice } from '@drayage/core/plan';
import { exitCodes } from '../exit-codes.ts';
import type { Host } from '../host.ts';
import { frozenImages, gatherImages } from '../images/gather-images.ts';
import { planText, type PlanReport } from '../output/plan-text.ts';
import { startProgress, type Progress } from '../output/progress.ts';
import { prepare } from '../prepare/prepare.ts';
import { mounterFacts } from '../wiring/mounter.ts';
import { openEngine } from '../wiring/open-engine.ts';
import { openRegistry } from '../wiring/open-registry.ts';
import type { Config } from '../options/option.ts';
import type { PrivateCopies } from '../output/plan-text.ts';
import type { CommandContext } from '../command.ts';

/** `dray plan`. */
export async function runPlan(context: CommandContext): Promise<number> {
  const { config, host } = context;
  const progress = await startProgress(host);
  let report: PlanReport;
  try {
    report = await plan(context, progress);
  } finally {
    progress.stop();
  }
  host.stdout.write(config.json ? `${JSON.stringify(report)}\n` : planText(report));
  return report.images.some(({ state }) => state === 'failed') ? exitCodes.notAvailable : exitCodes.done;
}

async function plan(context: CommandContext, progress: Progress): Promise<PlanReport> {
  const { config, host, signal } = context;
  const warn = (message: string): void => progress.line(`dray: warning: ${message}`);
  const source = await openRegistry(config, host, warn);
  try {
    const gathered = await gatherImages({ ...context, tags: source, warn });
    const images = await frozenImages(gathered.images, context);
    if (images.length > 0) await prepare(config.prepare, { host, progress, signal });
    progress.status('planning: asking the engine and the registries');
    const { view, ...engine } = await lookAtEngine(context);
    const planned = await planPrepull({
      images,
      source,
      platform: config.platform ?? hostPlatform(),
      blobs: createDirectoryBlobStore(config.bundle),
      concurrency: config.concurrency,
      signal,
      ...(view === undefined
        ? {}
        : { planDelivery: (image, platform) => planDelivery(view, image, platform, signal) }),
    });
    return { ...planned, ...engine, ...(gathered.reason === undefined ? {} : { reason: gathered.reason }) };
  } finally {
    await source.close();
  }
}

interface EngineLook {
  readonly view?: EngineView | undefined;
  readonly engine?: EngineInfo | undefined;
  readonly engineError?: ErrorSummary | undefined;
  readonly choice?: WayChoice | undefined;
  readonly privateCopies?: PrivateCopies | undefined;
}

/** A plan is useful without an engine too. */
async function lookAtEngine({ config, host, signal }: CommandContext): Promise<EngineLook> {
  try {
    const engine = await openEngine(host);
    const info = await engine.describe(signal);
    const knownChainIds = await engine.listChainIds(signal);
    const { choice, privateCopies } = await chooseWay(config, host, info, signal);
    const mounting = isMountWay(choice.way) ? choice.reason : undefined;
    return { view: { engine, info, knownChainIds, mounting }, engine: info, choice, privateCopies };
  } catch (error) {
    if (!isDrayError(error) || signal.aborted) throw error;
    const { choice } = await chooseWay(config, host, undefined, signal);
    return { engineError: summarizeError(error), choice };
  }
}

interface ChosenWay {
  readonly choice: WayChoice;
  readonly privateCopies?: PrivateCopies | undefined;
}

/** How images would come into the engine here, and what would be copied first. */
async function chooseWay(
  config: Config,
  host: Host,
  engine: EngineInfo | undefined,
  signal: AbortSignal,
): Promise<ChosenWay> {
  const { delivery, form } = config;
  const hasPacks = form !== 'layers';
  if (!hasPacks || !asksForMounts(delivery)) {
    // The machine does not matter then, so it is not examined.
    const facts = await mounterFacts(config);
    return { choice: decideWay({ ...facts, engine, delivery, hasPacks }).choice };
  }
  const { examine } = await import('../wiring/examine.ts');
  const { choice } = await examine(config, host, hasPacks, signal);
  // What is sent to an engine is proven there.
  const isSent = choice.way === 'mount-remote' || choice.way === 'mount-beside';
  if (!isMountWay(choice.way) || isSent) return { choice };
  const { findPrivateCopies } = await import('../wiring/private-copies.ts');
  return { choice, privateCopies: await findPrivateCopies(config, host, signal) };
}
