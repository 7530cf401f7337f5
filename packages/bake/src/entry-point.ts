import { readAsset } from '@drayage/core';

/** Reads the entry point script of a baked image. */
export async function readEntryPoint(): Promise<Uint8Array> {
  return Buffer.from(await readAsset(import.meta.dirname, 'dind-entrypoint.sh'));
}
