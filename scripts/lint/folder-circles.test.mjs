import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { folderCircles } from './folder-circles.mjs';

let root = '';

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'dray-circles-'));
});

afterEach(() => {
  rmSync(root, { recursive: true });
});

/** @param {Record<string, string>} files by path, each with what it imports */
function write(files) {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, dirname(path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

describe('folders that import each other', () => {
  test('in one direction are not a circle', () => {
    write({
      'a/one.ts': "import { two } from '../b/two.ts';\nimport { log } from '../log.ts';",
      'b/two.ts': "import { c } from './c.ts'; import { log } from '../log.ts'; export const two = c;",
      'b/c.ts': "import { two } from './two.ts'; export const c = two;",
      'log.ts': 'export const log = 1;',
      'index.ts': "export { one } from './a/one.ts'; export { log } from './log.ts';",
    });
    expect(folderCircles(root)).toEqual([]);
  });

  test('in a circle are found, over several folders, by types, re-exports and on demand', () => {
    write({
      'a/one.ts': "import type { Two } from '../b/two.ts';",
      'b/two.ts': "export { three } from '../c/deep/three.ts';",
      'c/deep/three.ts': "const one = await import('../../a/other.ts');",
      'a/other.ts': 'export const other = 1;',
      'd/four.ts': "import { one } from '../a/one.ts';",
    });
    expect(folderCircles(root)).toEqual([
      expect.arrayContaining([
        'a/one.ts imports b/two.ts',
        'b/two.ts imports c/deep/three.ts',
        'c/deep/three.ts imports a/other.ts',
      ]),
    ]);
  });

  test('with a file of the root in between are a circle, too', () => {
    write({
      'a/one.ts': "import { log } from '../log.ts';",
      'log.ts': "import { one } from './a/one.ts';",
    });
    expect(folderCircles(root)).toHaveLength(1);
  });

  test('only for tests are not a circle', () => {
    write({
      'a/one.ts': "import { two } from '../b/two.ts';",
      'b/two.ts': 'export const two = 2;',
      'b/two.test.ts': "import { one } from '../a/one.ts';",
      'b/testing/fake.ts': "import { one } from '../../a/one.ts';",
    });
    expect(folderCircles(root)).toEqual([]);
  });
});
