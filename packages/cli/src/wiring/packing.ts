import { createPackStore } from '@drayage/core';
import type { PackAccess, PackReader, PackStore, PackingOptions } from '@drayage/core';
import type { Config } from '../options/option.ts';

/** How packs are made, or undefined when none are asked for. The writer is imported only then. */
export async function openPacking(config: Config): Promise<PackingOptions | undefined> {
  const { form, packFormat: filesystem, repack, bundle } = config;
  if (form === 'layers') return undefined;
  const { createPackWriter } = await import('@drayage/pack');
  return { form, filesystem, repack, writer: createPackWriter(), store: openPackStore(bundle) };
}

/** Notes of what was proven are for root alone: nobody else could be trusted with them. */
const provenDir = '/run/drayage/proven';

/** What can be done with the packs of the bundle on this node. The reader is imported when the first layer is rebuilt. */
export function openPackAccess({ bundle }: Config): Omit<PackAccess, 'mounter'> {
  const reader: PackReader = {
    async openLayer(request) {
      const { createPackReader } = await import('@drayage/pack');
      return createPackReader().openLayer(request);
    },
  };
  return { store: openPackStore(bundle), reader };
}

function openPackStore(bundle: string): PackStore {
  return createPackStore(bundle, process.getuid?.() === 0 ? { provenDir } : {});
}
