import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemErrorCode } from './errors.ts';

// Relative to src/x and dist/x in a package, to src and dist, and to the chunks of the bundled CLI.
const places = ['../../assets', '../assets'];

/**
 * Reads a text file that ships beside the code.
 * @param moduleDir `import.meta.dirname` of the calling module, at most one folder deep in its package
 * @throws Error when this installation lacks the file
 */
export async function readAsset(moduleDir: string, name: string): Promise<string> {
  for (const place of places) {
    try {
      return await readFile(join(moduleDir, place, name), 'utf8');
    } catch (error) {
      if (systemErrorCode(error) !== 'ENOENT') throw error;
    }
  }
  throw new Error(`cannot find ${name}: this installation lacks it`);
}
