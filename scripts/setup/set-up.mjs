import { rmSync } from 'node:fs';
import { join } from 'node:path';

import { openAptDownloads } from './apt-downloads.mjs';
import { setUpCommand, setUpPackages } from './build.mjs';
import { debianMirror, setUpTools, whyNoPackages } from './debian.mjs';
import { withSetUpLock } from './lock.mjs';
import { setUpNodeModules } from './node-modules.mjs';
import { setUpPart } from './parts.mjs';
import { cache } from './places.mjs';
import { testParts } from './recipes.mjs';
import { isRunnable } from './run.mjs';
import { step } from './step.mjs';

/**
 * Prepares a fresh clone for tests and the demo; skips finished steps.
 * @param {{ build?: boolean }} [options]
 */
export async function setUp(options = {}) {
  await withSetUpLock(async () => {
    step('node modules', setUpNodeModules);
    setUpParts();
    if (options.build === false) return;
    step('packages', setUpPackages);
    step('command', setUpCommand);
  });
}

function setUpParts() {
  const reason = whyNoPackages();
  if (reason !== undefined) return usePath(reason);
  const optional = { isOptional: process.env.CI !== 'true' };
  step('tools', setUpTools, optional);
  const apt = lazily(() => openAptDownloads(join(cache, 'apt'), debianMirror()));
  try {
    for (const recipe of testParts) step(recipe.title, () => setUpPart(recipe, apt), optional);
  } finally {
    rmSync(join(cache, 'apt'), { recursive: true, force: true });
  }
}

/** @param {string} reason */
function usePath(reason) {
  for (const [title, program] of [
    ['engine', 'dockerd'],
    ['registry', 'docker-registry'],
  ]) {
    step(title, () => {
      if (isRunnable(program)) return `${program} from PATH (${reason})`;
      if (process.env.CI === 'true') throw new Error(`cannot find ${program} on PATH, and ${reason}`);
      return `skipped: ${reason}, and PATH has no ${program}`;
    });
  }
}

/**
 * @template T
 * @param {() => T} make
 * @returns {() => T}
 */
function lazily(make) {
  /** @type {T | undefined} */
  let made;
  return () => (made ??= make());
}
