import { DrayError } from '../errors.ts';

/** A JSON object with unknown members. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** True for a JSON object (not an array, not null). */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Documents nest ten levels or so; Node's JSON.stringify overflows the stack at some thousands. */
const maxDepth = 1000;

/**
 * Parses UTF-8 JSON of a foreign document.
 * @throws SyntaxError, TypeError or RangeError for bytes that are not UTF-8, not JSON or nest too deeply
 */
export function parseJson(bytes: Uint8Array): unknown {
  const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  const value: unknown = JSON.parse(text);
  let depth = 0;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}]/g)) {
    if (token === '[' || token === '{') depth += 1;
    else if (token === ']' || token === '}') depth -= 1;
    if (depth > maxDepth) throw new RangeError(`it nests more than ${String(maxDepth)} levels deep`);
  }
  return value;
}

/**
 * Parses UTF-8 JSON with an object at the top. `what` names it in messages. @throws DrayError
 * `MANIFEST_INVALID`
 */
export function parseJsonObject(bytes: Uint8Array, what: string): JsonObject {
  let value: unknown;
  try {
    value = parseJson(bytes);
  } catch (error) {
    const reason = error instanceof RangeError ? error.message : 'it is not JSON';
    throw new DrayError('MANIFEST_INVALID', `cannot parse ${what}: ${reason}`, { cause: error });
  }
  if (!isObject(value))
    throw new DrayError('MANIFEST_INVALID', `cannot parse ${what}: it is not a JSON object`);
  return value;
}

/** A required string. @throws DrayError `MANIFEST_INVALID` */
export function stringMember(object: JsonObject, key: string, what: string): string {
  const value = object[key];
  if (typeof value === 'string') return value;
  throw new DrayError('MANIFEST_INVALID', `cannot parse ${what}: "${key}" is not a string`);
}

/** An optional string. @throws DrayError `MANIFEST_INVALID` */
export function optionalString(object: JsonObject, key: string, what: string): string | undefined {
  const value = object[key];
  return value === undefined || value === null ? undefined : stringMember(object, key, what);
}

/**
 * A member that is an array, or absent or null: Go writes an empty list as null.
 * @throws DrayError `MANIFEST_INVALID`
 */
export function optionalArray(object: JsonObject, key: string, what: string): readonly unknown[] {
  return object[key] === undefined || object[key] === null ? [] : arrayMember(object, key, what);
}

/** A member that must be an array. @throws DrayError `MANIFEST_INVALID` */
export function arrayMember(object: JsonObject, key: string, what: string): readonly unknown[] {
  const value = object[key];
  if (Array.isArray(value)) return value;
  throw new DrayError('MANIFEST_INVALID', `cannot parse ${what}: "${key}" is not an array`);
}
