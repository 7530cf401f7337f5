import { isObject, type JsonObject } from '@drayage/core';

import { ExpansionError } from './expansion-error.ts';

/** The map at a place; an absent one is empty. @throws ExpansionError `WRONG_TYPE` */
export function mapAt(value: unknown, place: string): JsonObject {
  if (value === undefined || value === null) return {};
  if (isObject(value)) return value;
  throw wrongType(place, 'a map', value);
}

/** The list at a place; an absent one is empty. @throws ExpansionError `WRONG_TYPE` */
export function listAt(value: unknown, place: string): readonly unknown[] {
  if (value === undefined) return [];
  if (isList(value)) return value;
  throw wrongType(place, 'a list', value);
}

/** The text at a place. @throws ExpansionError `WRONG_TYPE` */
export function textAt(value: unknown, place: string): string {
  if (typeof value === 'string') return value;
  throw wrongType(place, 'a string', value);
}

/** The texts at a place that accepts one text or a list. @throws ExpansionError `WRONG_TYPE` */
export function textsAt(value: unknown, place: string): readonly string[] {
  if (typeof value === 'string') return [value];
  return listAt(value, place).map((item, index) => textAt(item, `${place}[${index}]`));
}

/** An optional text. @throws ExpansionError `WRONG_TYPE` */
export function optionalTextAt(value: unknown, place: string): string | undefined {
  return value === undefined ? undefined : textAt(value, place);
}

/** An optional boolean. @throws ExpansionError `WRONG_TYPE` */
export function optionalBooleanAt(value: unknown, place: string): boolean | undefined {
  if (value === undefined || typeof value === 'boolean') return value;
  throw wrongType(place, 'a boolean', value);
}

/** Makes sure that a map has no keys but these. @throws ExpansionError `INVALID`, naming the key */
export function onlyKeys(map: JsonObject, allowed: readonly string[], place: string): void {
  const unknown = Object.keys(map).find((key) => !allowed.includes(key));
  if (unknown !== undefined)
    throw new ExpansionError('INVALID', `${place}.${unknown}`, `unknown key; ${oneOf(allowed)}`);
}

/** A map without some of its keys. */
export function without(map: JsonObject, keys: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(map).filter(([key]) => !keys.includes(key)));
}

/** The one key of a map and its value. @throws ExpansionError `INVALID` */
export function onlyEntry(map: JsonObject, place: string): readonly [string, unknown] {
  const [entry, ...more] = Object.entries(map);
  if (entry !== undefined && more.length === 0) return entry;
  throw new ExpansionError('INVALID', place, `it must have one key, it has ${more.length + (entry ? 1 : 0)}`);
}

/** The allowed values, as a sentence. */
export function oneOf(values: readonly string[]): string {
  return values.length === 0 ? 'nothing is defined' : `it must be one of ${values.join(', ')}`;
}

/** The error for a value of the wrong type. */
export function wrongType(place: string, wanted: string, value: unknown): ExpansionError {
  return new ExpansionError('WRONG_TYPE', place, `it must be ${wanted}, not ${JSON.stringify(value)}`);
}

/** `Array.isArray` with elements of type unknown. */
export function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}
