import { availableParallelism } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import type { PackingOptions } from '@drayage/core';
import { createPackStore } from '@drayage/core/bundle';
import type { PackAccess, PackReader, PackRootLister, PackStore } from '@drayage/core/bundle';
import type { Host } from '../host.ts';
import type { Config } from '../options/option.ts';

/** The pack writer, imported on demand; undefined without packs. */
export async function openPacking(
  config: Config,
  { env }: Pick<Host, 'env'>,
): Promise<PackingOptions | undefined> {
  const { form, packFormat: filesystem, repack, bundle } = config;
  if (form === 'layers') return undefined;
  const { createPackWriter } = await import('@drayage/pack');
  keepHeapSmall();
  return { form, filesystem, repack, writer: createPackWriter({ env }), store: openPackStore(bundle) };
}

/**
 * Gigabytes stream through, and hardly any object survives: a larger young generation would only cost memory,
 * some tens of MB in addition to the program that writes the pack.
 */
function keepHeapSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}

/** Only root keeps records of proven packs: other users could forge them. */
const provenDir = '/run/drayage/proven';

/** Access to the packs of the bundle on this node. Imports the reader when the first layer is rebuilt. */
export function openPackAccess(
  { bundle, verify }: Config,
  { env }: Pick<Host, 'env'>,
): Omit<PackAccess, 'mounting'> {
  const create = async (): Promise<PackReader> => {
    const { createPackReader } = await import('@drayage/pack');
    return createPackReader({ env });
  };
  const reader: PackReader = {
    openLayer: async (request) => (await create()).openLayer(request),
    checkLayer: async (request) => (await create()).checkLayer(request),
  };
  return {
    store: openPackStore(bundle),
    reader,
    ...(verify === 'deep' ? { deepConcurrency: deepConcurrency() } : {}),
  };
}

/** How many layers are checked in parallel: each keeps a core busy and needs the space of one layer. */
export function deepConcurrency(): number {
  return Math.min(4, Math.max(2, availableParallelism()));
}

/** Lists the roots of packs. Imports the implementation on first use. */
export function openPackRootLister({ env }: Pick<Host, 'env'>): PackRootLister {
  return {
    async listRoot(...request) {
      const { createPackRootLister } = await import('@drayage/pack');
      return createPackRootLister({ env }).listRoot(...request);
    },
  };
}

/** The packs of a bundle on this node. */
export function openPackStore(bundle: string): PackStore {
  return createPackStore(bundle, process.getuid?.() === 0 ? { provenDir } : {});
}
