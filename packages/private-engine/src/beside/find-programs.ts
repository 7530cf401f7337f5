import { posix } from 'node:path';
import { lastWords } from '@drayage/host';
import type { RemoteEngineHost } from '@drayage/mount';
import { parseVersion } from '../engine/dockerd.ts';
import {
  engineEnvironment,
  findEngineProcess,
  listEnginesScript,
  type EngineProcess,
} from './engine-process.ts';
import { besideUnavailable } from './unavailable.ts';

/** What a second engine is started with. */
export interface FoundPrograms {
  readonly engine: EngineProcess;
  readonly environment: readonly string[];
  readonly version: string;
}

/**
 * Finds the process of the engine at `location`, and the programs on its side.
 * @throws DrayError `MOUNT_UNAVAILABLE` when one is missing
 */
export async function findPrograms(engineHost: RemoteEngineHost, location: string): Promise<FoundPrograms> {
  const folder = posix.dirname(engineHost.containerdSocket);
  const { stdout } = await engineHost.run(['sh', '-c', listEnginesScript, 'drayage', folder]);
  const engine = findEngineProcess(stdout);
  if (engine === undefined) {
    throw besideUnavailable(location, 'its side shows no process of dockerd');
  }
  const environment = engineEnvironment(engine);
  const needed = ['flock', 'unshare', 'mount', 'tar', 'nsenter'];
  const script = `for p in ${needed.join(' ')}; do command -v $p >/dev/null 2>&1 || echo "lacks $p"; done
"$0" --version`;
  const seen = await engineHost.run(['env', ...environment, 'sh', '-c', script, engine.program]);
  const lacking = /^lacks (\S+)$/m.exec(seen.stdout)?.[1];
  if (lacking !== undefined) throw besideUnavailable(location, `program ${lacking} not found on its side`);
  const version = parseVersion(seen.stdout);
  if (version === undefined) {
    throw besideUnavailable(location, `${engine.program} does not run there (${lastWords(seen)})`);
  }
  return { engine, environment, version };
}
