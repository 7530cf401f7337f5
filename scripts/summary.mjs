/**
 * What came of a run, in the words that people and CI read on its last line.
 * @typedef {{ passed: number, failed: number, skipped: number }} Summary
 * @param {Summary} summary
 */
export function summaryLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}
