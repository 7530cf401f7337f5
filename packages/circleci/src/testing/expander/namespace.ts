import { isObject, reasonOf, type JsonObject } from '@drayage/core';
import { parse, type Tags } from 'yaml';

import { mapAt, oneOf } from './config-tree.ts';
import { ExpansionError } from './expansion-error.ts';

/** A scope of names: the configuration itself, or one orb. */
export interface Namespace {
  /** Its path: empty for the configuration, `orbs.drayage` for an orb. */
  readonly place: string;
  readonly commands: JsonObject;
  readonly executors: JsonObject;
  readonly jobs: JsonObject;
  readonly orbs: ReadonlyMap<string, Namespace>;
}

/** The kinds of elements. */
export type ElementKind = 'command' | 'executor' | 'job';

/** An element, and the namespace that declares it and resolves its names. */
export interface Found {
  readonly namespace: Namespace;
  readonly declaration: JsonObject;
  /** `orbs.drayage.commands.load` */
  readonly place: string;
}

/** YAML text, or the parsed document. */
export type ConfigSource = string | JsonObject;

/**
 * Reads a document as CircleCI does: YAML 1.1, where `on` and `yes` are booleans and `<<:` merges.
 * @throws ExpansionError `INVALID`
 */
export function readSource(source: ConfigSource, place: string): JsonObject {
  const value = typeof source === 'string' ? parseYaml(source, place) : source;
  if (isObject(value)) return value;
  throw new ExpansionError('INVALID', place || 'the configuration', 'it is not a map');
}

/**
 * The namespace of a configuration or an orb, with the orbs it imports.
 * @param sources the orbs by `namespace/orb@version` or URL
 * @throws ExpansionError `UNDEFINED_ORB` for an orb that is not in `sources`
 */
export function createNamespace(
  document: JsonObject,
  place: string,
  sources: ReadonlyMap<string, ConfigSource>,
): Namespace {
  const at = (key: string): string => join(place, key);
  const orbs = Object.entries(mapAt(document['orbs'], at('orbs'))).map(([name, orb]) => {
    const orbPlace = at(`orbs.${name}`);
    return [name, createNamespace(orbDocument(orb, orbPlace, sources), orbPlace, sources)] as const;
  });
  return {
    place,
    commands: mapAt(document['commands'], at('commands')),
    executors: mapAt(document['executors'], at('executors')),
    jobs: mapAt(document['jobs'], at('jobs')),
    orbs: new Map(orbs),
  };
}

/**
 * Looks up `name`, or `orb/name`.
 * @throws ExpansionError `UNDEFINED_COMMAND`, `UNDEFINED_EXECUTOR`, `UNDEFINED_JOB`, `UNDEFINED_ORB`
 */
export function find(kind: ElementKind, name: string, namespace: Namespace, place: string): Found {
  const [first = '', second] = name.split('/');
  const owner = second === undefined ? namespace : namespace.orbs.get(first);
  if (owner === undefined) throw new ExpansionError('UNDEFINED_ORB', place, `no orb ${first} for ${name}`);
  const declarations = { command: owner.commands, executor: owner.executors, job: owner.jobs }[kind];
  const declaration = declarations[second ?? first];
  const found = join(owner.place, `${kind}s.${second ?? first}`);
  if (declaration !== undefined)
    return { namespace: owner, declaration: mapAt(declaration, found), place: found };
  const known = oneOf(Object.keys(declarations));
  throw new ExpansionError(undefinedProblems[kind], place, `unknown ${kind} ${name}; ${known}`);
}

const undefinedProblems = {
  command: 'UNDEFINED_COMMAND',
  executor: 'UNDEFINED_EXECUTOR',
  job: 'UNDEFINED_JOB',
} as const;

function parseYaml(text: string, place: string): unknown {
  try {
    return parse(text, { version: '1.1', customTags: (tags) => tags.map(withoutLoneDot) });
  } catch (error) {
    throw new ExpansionError('INVALID', place || 'the configuration', `it is not YAML: ${reasonOf(error)}`);
  }
}

/** The library's YAML 1.1 takes `.`, which paths often are, for a number. */
function withoutLoneDot(tag: Tags[number]): Tags[number] {
  if (typeof tag === 'string' || tag.collection !== undefined || !tag.test?.test('.')) return tag;
  return { ...tag, test: /^[-+]?(?:[0-9][0-9_]*\.[0-9_]*|\.[0-9_]+)$/ };
}

function orbDocument(orb: unknown, place: string, sources: ReadonlyMap<string, ConfigSource>): JsonObject {
  if (isObject(orb)) return orb;
  const source = typeof orb === 'string' ? sources.get(orb) : undefined;
  if (source === undefined)
    throw new ExpansionError('UNDEFINED_ORB', place, `${JSON.stringify(orb)} is not available`);
  return readSource(source, place);
}

function join(place: string, key: string): string {
  return place === '' ? key : `${place}.${key}`;
}
