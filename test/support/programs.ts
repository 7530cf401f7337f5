import { realpathSync } from 'node:fs';

import type { LayerEntry } from './layer-entries.ts';
import { runOrThrow } from './processes.ts';

/** Entries that make a program of this machine runnable in an image: itself and the libraries it links to. */
export async function programLayer(program: string): Promise<LayerEntry[]> {
  const { stdout } = await runOrThrow('ldd', [program]);
  const libraries = [...stdout.matchAll(/(\/\S+) \(0x/g)].map(([, path = '']) => path);
  return [program, ...libraries].map((path) => ({
    path: path.slice(1),
    content: { file: realpathSync(path) },
    mode: 0o755,
  }));
}
