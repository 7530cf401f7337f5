import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { repository } from './places.mjs';
import { run } from './run.mjs';

/**
 * Compiles every package that is not up to date. Types are left to `npm run types`: they are no set-up.
 * @returns {string} what was done
 */
export function setUpPackages() {
  run(process.execPath, ['node_modules/typescript/bin/tsc', '-b', '--noCheck'], { cwd: repository });
  return 'compiled';
}

/**
 * Bundles the `dray` command, where this checkout has one.
 * @returns {string} what was done
 */
export function setUpCommand() {
  const bundler = 'packages/cli/build.mjs';
  if (!existsSync(join(repository, bundler))) return `skipped: there is no ${bundler}`;
  run(process.execPath, [bundler], { cwd: repository });
  return 'bundled';
}
