import { execFileSync } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import { bakedHome } from './baked-paths.ts';
import { readEntryPoint } from './entry-point.ts';

describe('the entry point of a baked image', () => {
  test('is valid shell and uses the directory of the build context', async () => {
    const script = await readEntryPoint();
    execFileSync('sh', ['-n'], { input: script });
    expect(Buffer.from(script).toString()).toContain(`home=${bakedHome}\n`);
  });
});
