import { summaryLine } from './summary.mjs';

/**
 * Prints the summary of a jest run on the last line. Under scripts/test.mjs, sends the summary there instead,
 * so that it is printed after jest's own last output.
 */
export default class SummaryReporter {
  /** @type {Error | undefined} */
  #error;

  /** @type {string[]} */
  #leftOut = [];

  /**
   * Jest itself does not report a file in which no test ran.
   * @param {unknown} _test
   * @param {{ console?: readonly { message: string }[] }} result
   */
  onTestResult(_test, { console: said = [] }) {
    this.#leftOut.push(
      ...said.map(({ message }) => message).filter((line) => line.startsWith('cannot test ')),
    );
  }

  /**
   * @param {unknown} _contexts
   * @param {Results} results
   */
  onRunComplete(_contexts, results) {
    const summary = summarize(results);
    if (this.#leftOut.length > 0) console.log(['Left out:', ...this.#leftOut].join('\n  '));
    if (summary.failed > 0) this.#error = new Error('some tests failed');
    if (results.numTotalTests === 0) this.#error = new Error('no test was run');
    if (process.send !== undefined) process.send({ summary });
    else process.once('exit', () => console.log(summaryLine(summary)));
  }

  /** Makes jest exit with a failure. */
  getLastError() {
    return this.#error;
  }
}

/**
 * A suite that could not run counts as one failed test, because its own tests are unknown.
 * @typedef {Record<'numTotalTests' | 'numPassedTests' | 'numFailedTests' | 'numRuntimeErrorTestSuites' |
 * 'numPendingTests' | 'numTodoTests', number>} Results
 * @param {Results} results
 */
function summarize(results) {
  return {
    passed: results.numPassedTests,
    failed: results.numFailedTests + results.numRuntimeErrorTestSuites,
    skipped: results.numPendingTests + results.numTodoTests,
  };
}
