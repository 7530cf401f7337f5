import { rmSync } from 'node:fs';
import { join } from 'node:path';

import { openAptDownloads } from './apt-downloads.mjs';
import { setUpCommand, setUpPackages } from './build.mjs';
import { debianMirror, setUpTools, whyNoPackages } from './debian.mjs';
import { withSetUpLock } from './lock.mjs';
import { setUpNodeModules } from './node-modules.mjs';
import { setUpPart } from './parts.mjs';
import { cache } from './places.mjs';
import { extraEngines, testParts } from './recipes.mjs';
import { isRunnable } from './run.mjs';
import { step } from './step.mjs';

/**
 * Does everything a fresh clone needs before tests or the demo can run, and skips what is done.
 * @param {{ build?: boolean, extraEngines?: readonly string[] }} [options]
 */
export async function setUp(options = {}) {
  await withSetUpLock(async () => {
    step('node modules', setUpNodeModules);
    setUpParts(options.extraEngines ?? []);
    if (options.build === false) return;
    step('packages', setUpPackages);
    step('command', setUpCommand);
  });
}

/** @param {readonly string[]} extras */
function setUpParts(extras) {
  const reason = whyNoPackages();
  if (reason !== undefined) return usePath(reason);
  const optional = { isOptional: process.env.CI !== 'true' };
  step('tools', setUpTools, optional);
  const apt = lazily(() => openAptDownloads(join(cache, 'apt'), debianMirror()));
  try {
    const parts = [...testParts, ...extras.map(extraEngine)];
    for (const recipe of parts) step(recipe.title, () => setUpPart(recipe, apt), optional);
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

/** @param {string} name */
function extraEngine(name) {
  const recipe = extraEngines[name];
  if (recipe === undefined)
    throw new Error(`cannot set up engine ${name}: known are ${Object.keys(extraEngines)}`);
  return recipe;
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
