import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { cache } from './places.mjs';
import { isRunnable } from './run.mjs';

/**
 * Runs an action under a lock, so that only one set-up of this user runs.
 * A child process holds the lock until our pipe closes, so it is released even if we are killed.
 * @template T
 * @param {() => Promise<T>} action
 * @returns {Promise<T>}
 */
export async function withSetUpLock(action) {
  if (!isRunnable('flock')) return action();
  const holder = holdLock(join(cache, 'set-up.lock'));
  try {
    await granted(holder);
    return await action();
  } finally {
    holder.stdin.end();
  }
}

/** @param {string} file */
function holdLock(file) {
  mkdirSync(cache, { recursive: true });
  return spawn('flock', ['--exclusive', file, 'sh', '-c', 'echo held; exec cat >/dev/null'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
}

/** @param {ReturnType<typeof holdLock>} holder */
async function granted(holder) {
  const notice = setTimeout(() => console.error('set-up: waiting for another set-up to end'), 1000);
  try {
    await new Promise((resolve, reject) => {
      holder.stdout.once('data', resolve);
      holder.once('error', reject);
      holder.once('exit', (code) => reject(new Error(`cannot lock the set-up: flock ended with ${code}`)));
    });
  } finally {
    clearTimeout(notice);
  }
}
