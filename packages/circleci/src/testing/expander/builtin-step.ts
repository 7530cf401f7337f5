import type { JsonObject } from '@drayage/core';

import {
  mapAt,
  onlyKeys,
  oneOf,
  optionalBooleanAt,
  optionalTextAt,
  textAt,
  textsAt,
  wrongType,
} from './config-tree.ts';
import { ExpansionError } from './expansion-error.ts';
import type { RunStep, Step, StepWhen } from './step.ts';

type Reader = (settings: JsonObject, place: string) => Step;

/**
 * Reads the settings of a built-in step of CircleCI; undefined if no built-in step has that name.
 * @throws ExpansionError `INVALID` for an unknown key or a missing one, `WRONG_TYPE`
 * @see https://circleci.com/docs/reference/configuration-reference/#steps
 */
export function readBuiltinStep(name: string, settings: unknown, place: string): Step | undefined {
  const reader = readers[name];
  if (reader === undefined) return undefined;
  const short = shorthands[name];
  const map = typeof settings === 'string' && short !== undefined ? { [short]: settings } : settings;
  return reader(mapAt(map, place), place);
}

/** True if CircleCI has a built-in step of that name. */
export function isBuiltinStep(name: string): boolean {
  return name in readers;
}

/** The variables of an `environment` map, as a shell gets them. @throws ExpansionError `WRONG_TYPE` */
export function readEnvironment(value: unknown, place: string): Readonly<Record<string, string>> {
  const variables = Object.entries(mapAt(value, place)).map(
    ([name, text]) => [name, environmentText(text, `${place}.${name}`)] as const,
  );
  return Object.fromEntries(variables);
}

const shorthands: Readonly<Record<string, string>> = { run: 'command' };

const readers: Readonly<Record<string, Reader>> = {
  run: readRun,
  checkout(map, place) {
    onlyKeys(map, ['path', 'name', 'method'], place);
    return { kind: 'checkout', path: optionalTextAt(map['path'], `${place}.path`) };
  },
  setup_remote_docker(map, place) {
    onlyKeys(map, ['version', 'docker_layer_caching', 'prefer_same_region', 'name'], place);
    return { kind: 'setup_remote_docker', version: optionalTextAt(map['version'], `${place}.version`) };
  },
  restore_cache(map, place) {
    onlyKeys(map, ['key', 'keys', 'name'], place);
    const keys = textsAt(map['keys'] ?? map['key'], `${place}.keys`);
    if (keys.length === 0) throw new ExpansionError('INVALID', place, 'it has no key');
    return { kind: 'restore_cache', name: nameOf(map, 'Restoring cache'), keys };
  },
  save_cache(map, place) {
    onlyKeys(map, ['key', 'paths', 'name', 'when', 'cache_from'], place);
    return {
      kind: 'save_cache',
      name: nameOf(map, 'Saving cache'),
      key: textAt(map['key'], `${place}.key`),
      paths: textsAt(map['paths'], `${place}.paths`),
      when: whenAt(map['when'], `${place}.when`),
    };
  },
  persist_to_workspace(map, place) {
    onlyKeys(map, ['root', 'paths', 'name'], place);
    return {
      kind: 'persist_to_workspace',
      root: textAt(map['root'], `${place}.root`),
      paths: textsAt(map['paths'], `${place}.paths`),
    };
  },
  attach_workspace(map, place) {
    onlyKeys(map, ['at', 'name'], place);
    return { kind: 'attach_workspace', at: textAt(map['at'], `${place}.at`) };
  },
  store_artifacts(map, place) {
    onlyKeys(map, ['path', 'destination', 'name'], place);
    const destination = optionalTextAt(map['destination'], `${place}.destination`);
    return { kind: 'store_artifacts', path: textAt(map['path'], `${place}.path`), destination };
  },
  store_test_results(map, place) {
    onlyKeys(map, ['path', 'name'], place);
    return { kind: 'store_test_results', path: textAt(map['path'], `${place}.path`) };
  },
};

const runKeys = [
  ...['command', 'name', 'shell', 'environment', 'background', 'working_directory', 'no_output_timeout'],
  ...['when', 'max_auto_reruns', 'auto_rerun_delay'],
];

function readRun(map: JsonObject, place: string): RunStep {
  onlyKeys(map, runKeys, place);
  const command = textAt(map['command'], `${place}.command`);
  return {
    kind: 'run',
    name: nameOf(map, command.split('\n')[0] ?? ''),
    command,
    environment: readEnvironment(map['environment'], `${place}.environment`),
    background: optionalBooleanAt(map['background'], `${place}.background`) ?? false,
    when: whenAt(map['when'], `${place}.when`),
    shell: optionalTextAt(map['shell'], `${place}.shell`),
    workingDirectory: optionalTextAt(map['working_directory'], `${place}.working_directory`),
    noOutputTimeoutMs: durationAt(map['no_output_timeout'] ?? '10m', `${place}.no_output_timeout`),
  };
}

function nameOf(map: JsonObject, fallback: string): string {
  return typeof map['name'] === 'string' ? map['name'] : fallback;
}

function whenAt(value: unknown, place: string): StepWhen {
  switch (value) {
    case undefined:
      return 'on_success';
    case 'on_success':
    case 'on_fail':
    case 'always':
      return value;
    default:
      throw new ExpansionError('INVALID', place, oneOf(['on_success', 'on_fail', 'always']));
  }
}

const unitsMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 };

/** As Go writes a duration: `90s`, `1.5h`, `1h30m`. */
function durationAt(value: unknown, place: string): number {
  const text = textAt(value, place);
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)([smh])/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== text)
    throw wrongType(place, 'a duration such as 10m', value);
  return parts.reduce((sum, [, count, unit = '']) => sum + Number(count) * (unitsMs[unit] ?? 0), 0);
}

function environmentText(value: unknown, place: string): string {
  if (typeof value === 'boolean') return value ? '1' : '0';
  if (typeof value === 'number' || typeof value === 'string') return String(value);
  throw wrongType(place, 'text', value);
}
