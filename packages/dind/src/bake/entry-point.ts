import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemErrorCode } from '@drayage/core';

const file = 'dind-entrypoint.sh';

// In this package, seen from src/bake and from dist/bake; and beside the chunks of the bundled command.
const places = ['../../assets', '../assets'];

/** The script that a baked image starts with. */
export async function readEntryPoint(): Promise<Uint8Array> {
  for (const place of places) {
    try {
      return await readFile(join(import.meta.dirname, place, file));
    } catch (error) {
      if (systemErrorCode(error) !== 'ENOENT') throw error;
    }
  }
  throw new Error(`${file} is not in this installation`);
}
