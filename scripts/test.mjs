import { spawn } from 'node:child_process';
import { join } from 'node:path';

import { repository } from './setup/places.mjs';
import { setUp } from './setup/set-up.mjs';
import { summaryLine } from './summary.mjs';

const LINGER_MS = 10_000;

try {
  await setUp();
  const { exitCode, summary } = await runJest(process.argv.slice(2));
  console.log(summaryLine(summary));
  process.exitCode = exitCode;
} catch (error) {
  console.error(error.message);
  console.log(summaryLine(nothingRan(1)));
  process.exitCode = 1;
}

/**
 * With `--passWithNoTests`, the reporter sees and fails an empty run; otherwise jest would exit before.
 * @param {readonly string[]} args
 * @returns {Promise<{ exitCode: number, summary: import('./summary.mjs').Summary }>}
 */
function runJest(args) {
  const jest = join(repository, 'node_modules/jest/bin/jest.js');
  const child = spawn(process.execPath, [jest, '--passWithNoTests', ...args], {
    cwd: repository,
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    // Loopback needs no public certificates, and Node.js would read them at every start.
    env: { ...process.env, NODE_OPTIONS: nodeOptions(), NODE_EXTRA_CA_CERTS: undefined },
  });
  return new Promise((resolve, reject) => {
    let summary, lingering;
    child.on('message', (message) => {
      summary = message.summary;
      lingering = setTimeout(() => endLingering(child, summary), LINGER_MS);
    });
    child.once('error', reject);
    child.once('close', (code) => {
      clearTimeout(lingering);
      resolve({ exitCode: code ?? 1, summary: summary ?? nothingRan(code) });
    });
  });
}

/**
 * Jest waits forever for resources that tests leave open; treats that as a failure instead of hanging.
 * @param {import('node:child_process').ChildProcess} child
 * @param {import('./summary.mjs').Summary} summary
 */
function endLingering(child, summary) {
  console.error(
    'cannot end the test run: tests left a resource open; run with --detectOpenHandles to find it',
  );
  summary.failed += 1;
  child.kill('SIGKILL');
}

/**
 * Replaces the reporter's summary if jest ended before it reached its reporters.
 * @param {number | null} exitCode
 */
function nothingRan(exitCode) {
  return { passed: 0, failed: exitCode === 0 ? 0 : 1, skipped: 0 };
}

function nodeOptions() {
  const forEsm = '--experimental-vm-modules --disable-warning=ExperimentalWarning';
  return [process.env.NODE_OPTIONS, forEsm].filter(Boolean).join(' ');
}
