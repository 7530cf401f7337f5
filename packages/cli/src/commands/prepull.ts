import { createDirectoryTransport, hostPlatform, initLayout, prepull } from '@drayage/core';
import type { PrepullEvent, PrepullReport } from '@drayage/core';
import { prepullExitCode } from '../exit-codes.ts';
import { prepullEventLine, prepullStatus, prepullSummary } from '../output/prepull-text.ts';
import { startProgress } from '../output/progress.ts';
import type { Progress } from '../output/progress.ts';
import { imagesToPrepull } from '../wiring/images-to-prepull.ts';
import { openRegistry } from '../wiring/open-registry.ts';
import { openHandover } from '../wiring/transports.ts';
import type { CommandContext } from './command.ts';

/** `dray prepull`. */
export async function runPrepull(context: CommandContext): Promise<number> {
  const { config, host } = context;
  const images = imagesToPrepull(config);
  const handover = await openHandover(config);
  const source = await openRegistry(config, host);
  const progress = await startProgress(host);
  let report: PrepullReport;
  try {
    // A bundle that cannot be used is told before anything is fetched.
    await initLayout(config.bundle);
    report = await prepull({
      images,
      source,
      handover,
      platform: config.platform ?? hostPlatform(),
      bundle: createDirectoryTransport(config.bundle),
      concurrency: config.concurrency,
      pipeline: config.pipeline,
      onEvent: showPrepull(progress, images.length),
      signal: context.signal,
    });
  } finally {
    progress.stop();
    await source.close();
    await handover?.close();
  }
  host.stderr.write(`${prepullSummary(report, config.bundle)}\n`);
  if (config.json) host.stdout.write(`${JSON.stringify(report)}\n`);
  return prepullExitCode(report);
}

function showPrepull(progress: Progress, total: number): (event: PrepullEvent) => void {
  let [done, bytes] = [0, 0];
  const showStatus = (): void => {
    progress.status(prepullStatus(done, total, bytes));
  };
  showStatus();
  return (event) => {
    if (event.type === 'bytes') bytes += event.count;
    if (event.type === 'image') done += 1;
    const line = prepullEventLine(event);
    if (line !== undefined) progress.line(line);
    showStatus();
  };
}
