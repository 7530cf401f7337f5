import { createDirectoryBlobStore } from '@drayage/core/bundle';
import { hostPlatform, isDrayError, summarizeError, type EngineInfo, type ErrorSummary } from '@drayage/core';
import { planDelivery, planPrepull } from '@drayage/core/plan';
import type { EngineView } from '@drayage/core/plan';
import { exitCodes } from '../exit-codes.ts';
import type { Host } from '../host.ts';
import { frozenImages, gatherImages } from '../images/gather-images.ts';
import { planText, type PlanReport } from '../output/plan-text.ts';
import { startProgress, type Progress } from '../output/progress.ts';
import { prepare } from '../prepare/prepare.ts';
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
  readonly privateCopies?: PrivateCopies | undefined;
}

/** A plan is useful without an engine too. */
async function lookAtEngine({ config, host, signal }: CommandContext): Promise<EngineLook> {
  try {
    const engine = await openEngine(host);
    const info = await engine.describe(signal);
    const knownChainIds = await engine.listChainIds(signal);
    const { mounting, ...copies } = await lookAtMounting(config, host, signal);
    return { view: { engine, info, knownChainIds, mounting }, engine: info, ...copies };
  } catch (error) {
    if (!isDrayError(error) || signal.aborted) throw error;
    return { engineError: summarizeError(error) };
  }
}

/** Which packs a mount here would copy first, and why. */
async function lookAtMounting(
  config: Config,
  host: Host,
  signal: AbortSignal,
): Promise<{ readonly mounting: string | undefined; readonly privateCopies?: PrivateCopies | undefined }> {
  const { form, delivery } = config;
  const isWanted = form !== 'layers' && (delivery === 'auto' || delivery === 'mount');
  if (!isWanted) return { mounting: undefined };
  const { examine } = await import('../wiring/examine.ts');
  const { way, reason } = (await examine(config, host, signal)).choice;
  if (!way.startsWith('mount-')) return { mounting: undefined };
  // The engine verifies layers that it loads.
  if (way === 'mount-remote') return { mounting: reason };
  const { findPrivateCopies } = await import('../wiring/private-copies.ts');
  const privateCopies = await findPrivateCopies(config, host, signal);
  return { mounting: reason, privateCopies };
}
