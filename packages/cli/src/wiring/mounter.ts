import type { HelperContainers } from '@drayage/core';
import type { Mounter, MounterFacts, Mounting } from '@drayage/core/bundle';
import { mountRights } from '@drayage/host';
import type { Host } from '../host.ts';
import type { Config } from '../options/option.ts';
import { engineEventLine } from '../output/engine-text.ts';
import { besideSettings } from './beside.ts';
import { packTrust } from './pack-trust.ts';
import { openPrivateEngine } from './private-engine-client.ts';

/** What this machine and the settings contribute to the decision how images are delivered. */
export async function mounterFacts({
  reach,
  exportFile,
}: Pick<Config, 'reach' | 'exportFile'>): Promise<MounterFacts> {
  return { rights: await mountRights(), reach, isExportWanted: exportFile !== undefined };
}

/** Mounting with the settings of this run. `helpers`: client of the configured engine. */
export function openMounting(
  config: Config,
  host: Host,
  helpers: HelperContainers,
  onLine: (line: string) => void,
): Mounting {
  let mounter: Promise<Mounter> | undefined;
  return {
    facts: () => mounterFacts(config),
    open: () => (mounter ??= openMounter(config, host, helpers, onLine)),
  };
}

async function openMounter(
  config: Config,
  host: Host,
  helpers: HelperContainers,
  onLine: (line: string) => void,
): Promise<Mounter> {
  // Most runs mount nothing.
  const { createMounter } = await import('@drayage/private-engine');
  const { dataRoot, dockerd, imageStore, storage, storageSizeBytes, bridge } = config;
  const { registryMirrors, insecureRegistries, mountContent } = config;
  return createMounter({
    helpers,
    layerContent: mountContent,
    trust: { ...packTrust(config, host), onCopy: (message) => onLine(`dray: ${message}`) },
    privateEngine: {
      ...{ dataRoot, dockerd, imageStore, storage, storageSizeBytes, bridge },
      ...{ registryMirrors, insecureRegistries, env: host.env },
      onEvent: (event) => onLine(engineEventLine(event)),
    },
    beside: besideSettings(config, host, (event) => onLine(engineEventLine(event))),
    openEngine: (place) => openPrivateEngine(place, host),
  });
}
