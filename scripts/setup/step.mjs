/**
 * Runs one step of the set-up and prints one line about it.
 * An optional step that fails is reported as skipped, with its reason.
 * @param {string} title
 * @param {() => string} action returns what was done
 * @param {{ isOptional?: boolean }} [options]
 */
export function step(title, action, { isOptional = false } = {}) {
  process.stderr.write(`set-up: ${title}: `);
  const startedAt = performance.now();
  try {
    console.error(`${action()}${duration(startedAt)}`);
  } catch (error) {
    console.error(isOptional ? `skipped: ${error.message}` : `failed${duration(startedAt)}`);
    if (!isOptional) throw error;
  }
}

/** @param {number} startedAt */
function duration(startedAt) {
  const seconds = (performance.now() - startedAt) / 1000;
  return seconds < 1 ? '' : ` (${seconds.toFixed(1)} s)`;
}
