import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { BesideOptions } from '@drayage/private-engine';
import type { Host } from '../host.ts';
import type { Config } from '../options/option.ts';
import { relayArgument } from '../relay-argument.ts';

/** The settings of an engine beside another one, apart from where it is and what it gets. */
export function besideSettings(
  { bridge, registryMirrors, insecureRegistries }: Config,
  { env }: Pick<Host, 'env'>,
  onEvent: BesideOptions['onEvent'],
): Omit<BesideOptions, 'location' | 'content' | 'signal'> {
  return { env, relayCommand: relayCommand(), bridge, registryMirrors, insecureRegistries, onEvent };
}

/** The address of the engine that the docker client would use; nothing is asked of it. */
export async function engineLocation({ env, homeDir }: Pick<Host, 'env' | 'homeDir'>): Promise<string> {
  const { resolveEngineEndpoint } = await import('@drayage/engine');
  return (await resolveEngineEndpoint({ env, homeDir })).location;
}

/** The command line that starts this program as a relay. */
function relayCommand(): readonly string[] {
  return [...runtime(), process.argv[1] ?? '', relayArgument];
}

/** How Node.js was started. A bundled Node.js runs in a loader, which has options of its own. */
function runtime(): readonly string[] {
  if (!basename(process.execPath).startsWith('ld-')) return [process.execPath, ...process.execArgv];
  const words = readFileSync('/proc/self/cmdline', 'utf8').split('\0').slice(0, -1);
  return words.slice(0, words.length - (process.argv.length - 1));
}
