import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemErrorCode } from './errors.ts';

// In a package, seen from src/x and dist/x; seen from src and dist; and beside the chunks of the bundled command.
const places = ['../../assets', '../assets'];

/**
 * The text of a file that ships beside the code.
 * @param moduleDir `import.meta.dirname` of the module that wants it, at most one folder deep in its package
 * @throws Error when this installation lacks it
 */
export async function readAsset(moduleDir: string, name: string): Promise<string> {
  for (const place of places) {
    try {
      return await readFile(join(moduleDir, place, name), 'utf8');
    } catch (error) {
      if (systemErrorCode(error) !== 'ENOENT') throw error;
    }
  }
  throw new Error(`${name} is not in this installation`);
}
