import { stopPrivateEngine } from '@drayage/private-engine';
import { exitCodes } from '../exit-codes.ts';
import { engineStopText } from '../output/engine-text.ts';
import { startProgress } from '../output/progress.ts';
import type { CommandContext } from '../command.ts';

// dockerd gives containers fifteen seconds to end. If it takes longer than this, it hangs.
const longestWaitMs = 30_000;

/** `dray engine stop`. */
export async function runEngineStop({ config, host, signal }: CommandContext): Promise<number> {
  const { dataRoot, purge } = config;
  const progress = await startProgress(host);
  progress.status('stopping the engine');
  const timeoutMs = Math.min(config.timeoutMs, longestWaitMs);
  const result = await stopPrivateEngine({ dataRoot, env: host.env, purge, timeoutMs, signal }).finally(
    () => {
      progress.stop();
    },
  );
  host.stderr.write(engineStopText(result));
  if (config.json) host.stdout.write(`${JSON.stringify(result)}\n`);
  return exitCodes.done;
}
