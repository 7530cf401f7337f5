import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { repository } from './places.mjs';
import { run } from './run.mjs';

/**
 * Compiles every package that is out of date. Does not check types: `npm run types` does.
 * @returns {string} what was done
 */
export function setUpPackages() {
  run(process.execPath, ['node_modules/typescript/bin/tsc', '-b', '--noCheck'], { cwd: repository });
  return 'compiled';
}

/**
 * Bundles the `dray` command, if this checkout has it.
 * @returns {string} what was done
 */
export function setUpCommand() {
  const bundler = 'packages/cli/build.mjs';
  if (!existsSync(join(repository, bundler))) return `skipped: ${bundler} does not exist`;
  run(process.execPath, [bundler], { cwd: repository });
  return 'bundled';
}
