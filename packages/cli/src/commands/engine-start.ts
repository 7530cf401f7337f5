import { deliverImages, isDrayError, reasonOf } from '@drayage/core';
import { startPrivateEngine, type PrivateEngine } from '@drayage/private-engine';
import { exitCodes } from '../exit-codes.ts';
import { engineEventLine, engineStartText, type EngineStartReport } from '../output/engine-text.ts';
import { startProgress, type Progress } from '../output/progress.ts';
import { engineContent, type EngineContent } from '../wiring/engine-content.ts';
import { exportCommand, exportDockerHost } from '../wiring/export-docker-host.ts';
import { packTrust } from '../wiring/pack-trust.ts';
import { openPackAccess } from '../wiring/packing.ts';
import { openPrivateEngine } from '../wiring/private-engine-client.ts';
import { trustedBundle } from '../wiring/trust.ts';
import type { CommandContext } from '../command.ts';

/** `dray engine start`. */
export async function runEngineStart(context: CommandContext): Promise<number> {
  const { config, host } = context;
  const startedAt = performance.now();
  const progress = await startProgress(host);
  let report: EngineStartReport;
  try {
    report = await startAndFill(context, progress, startedAt);
  } finally {
    progress.stop();
  }
  host.stderr.write(engineStartText(report));
  host.stdout.write(config.json ? `${JSON.stringify(report)}\n` : exportCommand(report.dockerHost));
  if (config.exportFile !== undefined) await exportDockerHost(config.exportFile, report.dockerHost, host);
  return exitCodes.done;
}

async function startAndFill(
  context: CommandContext,
  progress: Progress,
  startedAt: number,
): Promise<EngineStartReport> {
  const { config, host, signal } = context;
  const warn = (message: string): void => progress.line(`warning: ${message}`);
  progress.status('checking the packs');
  const content = await engineContent(config, host, warn, signal);
  progress.status('starting the engine');
  const { dataRoot, dockerd, imageStore, storage, storageSizeBytes, bridge } = config;
  const { registryMirrors, insecureRegistries, timeoutMs } = config;
  const { unmounted, ...engine } = await startPrivateEngine({
    ...{ dataRoot, dockerd, imageStore, storage, storageSizeBytes, bridge },
    ...{ registryMirrors, insecureRegistries, timeoutMs, signal },
    env: host.env,
    content: content.mountable,
    trust: packTrust(config, host),
    openEngine: (dockerHost) => openPrivateEngine(dockerHost, host),
    onEvent: (event) => progress.line(engineEventLine(event)),
  });
  for (const reason of new Set(unmounted.map((entry) => entry.reason)))
    warn(`some images are loaded instead of mounted: ${reason}`);
  const images = await loadTheRest(context, engine, content, progress);
  return { ...engine, images, ms: Math.round(performance.now() - startedAt) };
}

/**
 * Checks each image, and loads the missing ones. If loading fails, the engine still
 * works.
 */
async function loadTheRest(
  { config, host, signal }: CommandContext,
  { dockerHost }: Omit<PrivateEngine, 'unmounted'>,
  { hasImages, mountable }: EngineContent,
  progress: Progress,
): Promise<EngineStartReport['images']> {
  if (!hasImages) return [];
  const mounted = new Set(mountable?.images.map(({ config: { digest } }) => digest));
  try {
    const bundle = trustedBundle(config);
    const engine = await openPrivateEngine(dockerHost, host);
    const { images } = await deliverImages({ handover: bundle, local: bundle }, engine, {
      delivery: 'load',
      packs: openPackAccess(config, host),
      concurrency: config.concurrency,
      policy: { timeoutMs: config.timeoutMs, graceMs: 0, settled: true },
      onEvent: (event) => {
        if (event.type === 'warning') progress.line(`warning: ${event.message}`);
        if (event.type === 'sent') progress.status(`loading ${event.reference}`);
      },
      signal,
    });
    return images.map(({ reference, delivery, configDigest }) => ({
      reference,
      delivery:
        delivery === 'present' && configDigest !== undefined && mounted.has(configDigest)
          ? 'mount'
          : delivery,
    }));
  } catch (error) {
    if (!isDrayError(error) || signal.aborted) throw error;
    progress.line(`warning: ${reasonOf(error)}`);
    return [];
  }
}
