import {
  createDirectoryBlobStore,
  hostPlatform,
  isDrayError,
  planDelivery,
  planPrepull,
  summarizeError,
} from '@drayage/core';
import type { DeliveryPlan, EngineInfo, EngineView, ErrorSummary, PrepullPlan } from '@drayage/core';
import { exitCodes } from '../exit-codes.ts';
import type { Host } from '../host.ts';
import { planText } from '../output/plan-text.ts';
import { startProgress } from '../output/progress.ts';
import { imagesToPrepull } from '../wiring/images-to-prepull.ts';
import { openEngine } from '../wiring/open-engine.ts';
import { openRegistry } from '../wiring/open-registry.ts';
import type { CommandContext } from './command.ts';

/** What `plan --json` prints. */
export interface PlanReport extends PrepullPlan<DeliveryPlan> {
  /** The engine here, as it describes itself. */
  readonly engine?: EngineInfo;
  /** Why there is none. */
  readonly engineError?: ErrorSummary;
}

/** `dray plan`. */
export async function runPlan({ config, host, signal }: CommandContext): Promise<number> {
  const images = imagesToPrepull(config);
  const source = await openRegistry(config, host);
  const progress = await startProgress(host);
  let report: PlanReport;
  try {
    progress.status('planning: asking the engine and the registries');
    const { view, ...engine } = await lookAtEngine(host, signal);
    const plan = await planPrepull({
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
    report = { ...plan, ...engine };
  } finally {
    progress.stop();
    await source.close();
  }
  host.stdout.write(config.json ? `${JSON.stringify(report)}\n` : planText(report));
  return report.images.some(({ state }) => state === 'failed') ? exitCodes.notAvailable : exitCodes.done;
}

interface EngineLook {
  readonly view?: EngineView;
  readonly engine?: EngineInfo;
  readonly engineError?: ErrorSummary;
}

/** A plan is worth something without an engine too. */
async function lookAtEngine(host: Host, signal: AbortSignal): Promise<EngineLook> {
  try {
    const engine = await openEngine(host);
    const info = await engine.describe(signal);
    return { view: { engine, info, knownChainIds: await engine.listChainIds(signal) }, engine: info };
  } catch (error) {
    if (!isDrayError(error) || signal.aborted) throw error;
    return { engineError: summarizeError(error) };
  }
}
