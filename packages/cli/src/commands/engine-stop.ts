import { stopBesideEngine, stopPrivateEngine, type StopResult } from '@drayage/private-engine';
import { exitCodes } from '../exit-codes.ts';
import { engineStopText } from '../output/engine-text.ts';
import { startProgress } from '../output/progress.ts';
import { engineLocation } from '../wiring/beside.ts';
import type { CommandContext } from '../command.ts';

// dockerd gives containers fifteen seconds to end. If it takes longer than this, it hangs.
const longestWaitMs = 30_000;

/** `dray engine stop`. */
export async function runEngineStop({ config, host, signal }: CommandContext): Promise<number> {
  const progress = await startProgress(host);
  progress.status('stopping the engine');
  let result: StopResult;
  try {
    result = await stop({ config, host, signal });
  } finally {
    progress.stop();
  }
  host.stderr.write(engineStopText(result));
  if (config.json) host.stdout.write(`${JSON.stringify(result)}\n`);
  return exitCodes.done;
}

async function stop({
  config,
  host,
  signal,
}: Pick<CommandContext, 'config' | 'host' | 'signal'>): Promise<StopResult> {
  const { dataRoot, purge, reach } = config;
  const timeoutMs = Math.min(config.timeoutMs, longestWaitMs);
  if (reach === 'api') return stopBesideEngine(await engineLocation(host), timeoutMs);
  return stopPrivateEngine({ dataRoot, env: host.env, purge, timeoutMs, signal });
}
