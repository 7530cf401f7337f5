import { spawnSync } from 'node:child_process';

const REASON_LINES = 15;

/**
 * Runs a program to its end and returns its stdout; shows its output only if it fails.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {import('node:child_process').SpawnSyncOptions} [options]
 * @returns {string}
 */
export function run(command, args, options = {}) {
  const { status, signal, error, stdout, stderr } = spawnSync(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 64 * 1024 * 1024,
    ...options,
    encoding: 'utf8',
  });
  if (status === 0) return stdout;
  const reason = error?.message ?? (lastLines(stdout + stderr) || `ended by ${signal ?? `exit ${status}`}`);
  throw new Error(`cannot run ${[command, ...args].join(' ')}: ${reason}`);
}

/**
 * True if a program on PATH can be started.
 * @param {string} command
 * @param {readonly string[]} [args]
 */
export function isRunnable(command, args = ['--version']) {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}

/** @param {string} text */
function lastLines(text) {
  return text.trimEnd().split('\n').slice(-REASON_LINES).join('\n');
}
