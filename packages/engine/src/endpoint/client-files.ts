import { readFile } from 'node:fs/promises';
import { EngineError, isObject, reasonOf, systemErrorCode, type JsonObject } from '@drayage/core';

/**
 * A file's text, or undefined when it does not exist. `what` names it in messages. @throws EngineError
 * `ENGINE_CONFIG_INVALID`
 */
export async function readClientFile(path: string, what: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT' || systemErrorCode(error) === 'ENOTDIR') return undefined;
    throw invalidClientFile(path, what, reasonOf(error), error);
  }
}

/**
 * A file's JSON object, or undefined when the file does not exist. @throws EngineError
 * `ENGINE_CONFIG_INVALID`
 */
export async function readClientJson(path: string, what: string): Promise<JsonObject | undefined> {
  const text = await readClientFile(path, what);
  if (text === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw invalidClientFile(path, what, 'it is not JSON', error);
  }
  if (!isObject(value)) throw invalidClientFile(path, what, 'it is not a JSON object');
  return value;
}

/** The error for a file of the docker client that cannot be used. */
export function invalidClientFile(path: string, what: string, reason: string, cause?: unknown): EngineError {
  return new EngineError('ENGINE_CONFIG_INVALID', `cannot read ${what} from ${path}: ${reason}`, {
    hint: 'Repair or remove the file, or name the engine with DOCKER_HOST.',
    cause,
  });
}
