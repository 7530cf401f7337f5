import { deliverImages, isDrayError, reasonOf } from '@drayage/core';
import { startBesideEngine, startPrivateEngine, type PrivateEngine } from '@drayage/private-engine';
import { exitCodes } from '../exit-codes.ts';
import { engineEventLine, engineStartText, type EngineStartReport } from '../output/engine-text.ts';
import { startProgress, type Progress } from '../output/progress.ts';
import { besideSettings } from '../wiring/beside.ts';
import { engineContent, type EngineContent } from '../wiring/engine-content.ts';
import { exportCommand, exportDockerHost } from '../wiring/export-docker-host.ts';
import { packTrust } from '../wiring/pack-trust.ts';
import { openEngine } from '../wiring/open-engine.ts';
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
  const { unmounted, ...engine } = await (config.reach === 'api' ? startBeside : startHere)(
    context,
    content,
    progress,
  );
  for (const reason of new Set(unmounted.map((entry) => entry.reason)))
    warn(`some images are loaded instead of mounted: ${reason}`);
  const images = await loadTheRest(context, engine, content, progress);
  return { ...engine, images, ms: Math.round(performance.now() - startedAt) };
}

/** A private engine on this machine. */
function startHere(
  { config, host, signal }: CommandContext,
  content: EngineContent,
  progress: Progress,
): Promise<PrivateEngine> {
  const { dataRoot, dockerd, imageStore, storage, storageSizeBytes, bridge } = config;
  const { registryMirrors, insecureRegistries, timeoutMs } = config;
  return startPrivateEngine({
    ...{ dataRoot, dockerd, imageStore, storage, storageSizeBytes, bridge },
    ...{ registryMirrors, insecureRegistries, timeoutMs, signal },
    env: host.env,
    content: content.mountable,
    trust: packTrust(config, host),
    openEngine: (dockerHost) => openPrivateEngine(dockerHost, host),
    onEvent: (event) => progress.line(engineEventLine(event)),
  });
}

/** An engine on the side of the configured one, which only its API reaches. */
async function startBeside(
  { config, host, signal }: CommandContext,
  content: EngineContent,
  progress: Progress,
): Promise<PrivateEngine> {
  const { location } = await (await openEngine(host)).describe(signal);
  const { timeoutMs } = config;
  const engine = await startBesideEngine({
    ...besideSettings(config, host, (event) => progress.line(engineEventLine(event))),
    ...{ location, content: content.mountable, timeoutMs, signal },
  });
  const reason = `the engine runs beside the one at ${location}, in a volume of it`;
  return {
    ...engine,
    ...{ imageStore: 'classic', driver: 'overlay2' },
    storage: { backend: 'overlay2', reason, rejected: [], warnings: [] },
  };
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
