import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { build } from 'esbuild';

import { setUpPackages } from './setup/build.mjs';
import { withSetUpLock } from './setup/lock.mjs';
import { repository } from './setup/places.mjs';
import { step } from './setup/step.mjs';

// Bundles the fuzz targets with the sources that they test, and runs them. `--no-build`: the packages are
// compiled.
const args = process.argv.slice(2).filter((arg) => arg !== '--no-build');
try {
  if (!process.argv.includes('--no-build')) await withSetUpLock(async () => step('packages', setUpPackages));
  const directory = await mkdtemp(join(tmpdir(), 'drayage-fuzz-'));
  try {
    await bundle(directory);
    process.exitCode = await runProgram(join(directory, 'main.mjs'));
  } finally {
    await rm(directory, { recursive: true });
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

/** @param {string} outdir */
function bundle(outdir) {
  return build({
    absWorkingDir: repository,
    entryPoints: ['test/fuzz/main.ts', 'test/fuzz/worker.ts'],
    outdir,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    sourcemap: 'inline',
    sourcesContent: false,
    logLevel: 'warning',
    banner: {
      // CommonJS libraries ask for Node's own modules by require.
      js: `import { createRequire as fuzz_createRequire } from 'node:module'; const require = fuzz_createRequire(import.meta.url);`,
    },
  });
}

/**
 * @param {string} program
 * @returns {Promise<number>} its exit code
 */
function runProgram(program) {
  const child = spawn(process.execPath, ['--enable-source-maps', program, ...args], {
    cwd: repository,
    stdio: 'inherit',
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
}
