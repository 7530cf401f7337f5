/**
 * The last line of a run, for people and CI.
 * @typedef {{ passed: number, failed: number, skipped: number }} Summary
 * @param {Summary} summary
 */
export function summaryLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}
