import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';

/** The names that an entry point exports, including types. */
async function namesIn(entry: string): Promise<readonly string[]> {
  const text = await readFile(join(import.meta.dirname, `${entry}.ts`), 'utf8');
  const lists = [...text.matchAll(/^export (?:type )?\{([^}]*)\}/gm)].map(([, list = '']) => list.split(','));
  return lists.flat().flatMap((name) => name.trim().replace(/^type /, '') || []);
}

describe('the entry points of core', () => {
  test('are small: the main one exports at most 100 names', async () => {
    const names = await namesIn('index');
    expect(names).toContain('prepullImages');
    expect(names.length).toBeLessThanOrEqual(100);
  });

  test('share no names', async () => {
    const entries = ['index', 'bundle', 'image', 'handover', 'plan', 'testing/index'];
    const names = (await Promise.all(entries.map(namesIn))).flat();
    expect(names.length).toBeGreaterThan(100);
    expect(new Set(names).size).toBe(names.length);
  });
});
