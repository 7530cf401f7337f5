import { isDeepStrictEqual } from 'node:util';
import { isDrayError, type DrayError, type ErrorCode } from '@drayage/core';

/** A property that does not hold. */
export class Fault extends Error {
  override readonly name = 'Fault';
}

/** @throws Fault with `message` unless the condition holds */
export function claim(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Fault(message);
}

/** @throws Fault that shows both values unless they are deeply equal */
export function claimEqual(actual: unknown, expected: unknown, what: string): void {
  if (isDeepStrictEqual(actual, expected)) return;
  throw new Fault(`${what}: ${shown(actual)} is not ${shown(expected)}`);
}

/**
 * The value of `run`, or undefined if it threw one of the expected errors. @throws Fault for any other error
 */
export function valueOf<T>(codes: readonly ErrorCode[], run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    claimExpected(error, codes);
    return undefined;
  }
}

/** Like {@link valueOf}, for promises. */
export async function resolvedOf<T>(
  codes: readonly ErrorCode[],
  run: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await run();
  } catch (error) {
    claimExpected(error, codes);
    return undefined;
  }
}

/** The error of `run`, which must be one of the expected errors; undefined if it succeeds. */
export function errorOf(codes: readonly ErrorCode[], run: () => unknown): DrayError | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    claimExpected(error, codes);
    return error;
  }
}

const maxMessageLength = 5000;

function claimExpected(error: unknown, codes: readonly ErrorCode[]): asserts error is DrayError {
  if (!isDrayError(error)) throw error;
  claim(codes.includes(error.code), `the error has the code ${error.code}: ${error.message}`);
  for (const text of [error.message, error.hint ?? '']) {
    claim(text.length <= maxMessageLength, `a message of ${text.length} characters`);
    claimOneLine(text, 'a message');
  }
}

/** @throws Fault for text with control characters: it would reach a terminal or a log of a CI system */
export function claimOneLine(text: string, what: string): void {
  claim(!/\p{Cc}/u.test(text), `${what} has control characters: ${shown(text)}`);
}

function shown(value: unknown): string {
  const plain: unknown = value instanceof Map ? [...value.entries()] : value;
  const text = value === undefined ? 'undefined' : JSON.stringify(plain);
  return text.length > 500 ? `${text.slice(0, 500)}…` : text;
}
