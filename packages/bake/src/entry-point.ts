import { readAsset } from '@drayage/core';

/** The script that a baked image starts with. */
export async function readEntryPoint(): Promise<Uint8Array> {
  return Buffer.from(await readAsset(import.meta.dirname, 'dind-entrypoint.sh'));
}
