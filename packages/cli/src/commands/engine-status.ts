import { besideEngineStatus, privateEngineStatus } from '@drayage/private-engine';
import { exitCodes } from '../exit-codes.ts';
import { engineStatusText } from '../output/engine-text.ts';
import { engineLocation } from '../wiring/beside.ts';
import type { CommandContext } from '../command.ts';

/** `dray engine status`. */
export async function runEngineStatus({ config, host }: CommandContext): Promise<number> {
  const { dataRoot, reach } = config;
  const status = await (reach === 'api'
    ? besideEngineStatus(await engineLocation(host))
    : privateEngineStatus({ dataRoot }));
  host.stdout.write(config.json ? `${JSON.stringify(status)}\n` : engineStatusText(status));
  return status.state === 'running' ? exitCodes.done : exitCodes.notAvailable;
}
