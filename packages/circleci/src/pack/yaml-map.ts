import type { YamlMap, YamlValue } from '../orb/model.ts';

/** True for a mapping. */
export function isYamlMap(value: YamlValue): value is YamlMap {
  return typeof value === 'object' && !Array.isArray(value);
}

/** The parsed value, if it is a mapping of values that CircleCI's YAML allows; else undefined. */
export function toYamlMap(value: unknown): YamlMap | undefined {
  const converted = toYamlValue(value);
  return converted !== undefined && isYamlMap(converted) ? converted : undefined;
}

function toYamlValue(value: unknown): YamlValue | undefined {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  if (Array.isArray(value)) {
    return value.map(toYamlValue).filter((item) => item !== undefined);
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const entries = Object.entries(value).flatMap(([key, member]) => {
    const converted = toYamlValue(member);
    return converted === undefined ? [] : [[key, converted] as const];
  });
  return Object.fromEntries(entries);
}
