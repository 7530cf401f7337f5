import type { RemoteEngineHost } from '@drayage/mount';
import type { PrivateEngineEvent } from '../engine/options.ts';
import { parseOwner, type Owner } from '../lock/owner.ts';
import { cleanUpCommand, listRemainsScript } from './clean-up.ts';

/** Removes what engines left whose relay or process was killed. */
export async function clearRemains(
  engineHost: RemoteEngineHost,
  onEvent: (event: PrivateEngineEvent) => void,
): Promise<void> {
  const volume = engineHost.volume.path;
  const { stdout } = await engineHost.run(['sh', '-c', listRemainsScript, 'drayage', volume]);
  const lines = stdout.split('\n');
  for (const [position, dataRoot] of lines.entries()) {
    if (!dataRoot.startsWith(`${volume}/engine-`)) continue;
    const owner = ownerIn(lines[position + 1] ?? '');
    if (owner === undefined) {
      await engineHost.run(['rm', '-rf', dataRoot]);
      continue;
    }
    onEvent({ type: 'clearing', pid: owner.pid, since: owner.since });
    await engineHost.run(cleanUpCommand(engineHost.pid, { owner, dataRoot }, 'lost'));
  }
}

function ownerIn(line: string): Owner | undefined {
  try {
    return parseOwner(line);
  } catch {
    return undefined;
  }
}
