import { privateEngineStatus } from '@drayage/private-engine';
import { exitCodes } from '../exit-codes.ts';
import { engineStatusText } from '../output/engine-text.ts';
import type { CommandContext } from '../command.ts';

/** `dray engine status`. */
export async function runEngineStatus({ config, host }: CommandContext): Promise<number> {
  const status = await privateEngineStatus({ dataRoot: config.dataRoot });
  host.stdout.write(config.json ? `${JSON.stringify(status)}\n` : engineStatusText(status));
  return status.state === 'running' ? exitCodes.done : exitCodes.notAvailable;
}
