import { dirname } from 'node:path';
import { UsageError, printable } from '@drayage/core';
import { LineCounter, isAlias, isMap, isScalar, isSeq, parseDocument } from 'yaml';
import type { Document, Pair, YAMLMap } from 'yaml';
import { suggestion } from '../suggest.ts';
import { isPackageManifest, type FoundConfigFile } from './find-config-file.ts';
import type { Setting } from '../options/setting.ts';

/** A configuration file with its values still unparsed. */
export interface ConfigFile {
  readonly path: string;
  /** The base directory of relative paths in it. */
  readonly dir: string;
  readonly entries: ReadonlyMap<string, Setting>;
}

/**
 * Reads a map of settings: YAML, or JSON, which is YAML too. `label` is the file's name in messages. Ignores
 * keys without a value.
 * @throws UsageError `CONFIG_INVALID` naming file, line and key
 */
export function parseConfigFile(
  { path, text }: FoundConfigFile,
  { label, keys }: { readonly label: string; readonly keys: readonly string[] },
): ConfigFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const prefix = isPackageManifest(path) ? 'dray.' : '';
  const reader: Reader = { document, lines, label, prefix, size: 0 };
  const [error] = document.errors;
  if (error !== undefined) throw invalid(placeOf(reader, error.pos[0], ''), printable(error.message, 200));
  const entries = new Map<string, Setting>();
  for (const pair of settingsOf(reader, path)?.items ?? []) {
    const name = keyOf(pair);
    const place = placeOf(reader, offsetOf(pair.key), name);
    if (!keys.includes(name)) throw unknownKey(place, keys, name);
    const setting = readSetting(reader, name, pair.value, place, new Set());
    if (setting !== undefined) entries.set(name, setting);
  }
  return { path, dir: dirname(path), entries };
}

interface Reader {
  readonly document: Document;
  readonly lines: LineCounter;
  readonly label: string;
  readonly prefix: string;
  /** Count of values so far, aliases expanded. */
  size: number;
}

// A few lines of nested aliases can stand for billions of values.
const maxValues = 20_000;
const maxDepth = 50;

function settingsOf(reader: Reader, path: string): YAMLMap | undefined {
  const { contents } = reader.document;
  const settings = isPackageManifest(path) && isMap(contents) ? contents.get('dray', true) : contents;
  if (isMap(settings)) return settings;
  if (settings === null || settings === undefined || (isScalar(settings) && settings.value === null))
    return undefined;
  throw invalid(placeOf(reader, offsetOf(settings), ''), 'expected a map of settings', {
    hint: 'Write one setting per line, such as "timeout: 5m".',
  });
}

/** `name`: the path of keys to this node. `above`: its parents, to detect an alias of one of them. */
function readSetting(
  reader: Reader,
  name: string,
  value: unknown,
  place: string,
  above: ReadonlySet<unknown>,
): Setting | undefined {
  const node = isAlias(value) ? value.resolve(reader.document) : value;
  if (isAlias(value) && node === undefined) throw invalid(place, 'the alias refers to an unknown anchor');
  if (above.has(node)) throw invalid(place, 'the alias refers to a node that contains it');
  const around = new Set([...above, node]);
  reader.size += 1;
  if (reader.size > maxValues) throw invalid(place, `the file has more than ${String(maxValues)} values`);
  if (around.size > maxDepth) throw invalid(place, `it nests more than ${String(maxDepth)} levels deep`);
  if (isSeq(node)) {
    const items = node.items.map((item) => {
      const itemPlace = placeOf(reader, offsetOf(item) ?? offsetOf(node), name);
      const setting = readSetting(reader, name, item, itemPlace, around);
      if (setting !== undefined) return setting;
      throw invalid(place, 'the list has an empty element');
    });
    return { kind: 'list', place, items };
  }
  if (!isMap(node)) return textSetting(node, place);
  const members = new Map<string, Setting>();
  for (const pair of node.items) {
    const path = `${name}.${keyOf(pair)}`;
    const member = readSetting(reader, path, pair.value, placeOf(reader, offsetOf(pair.key), path), around);
    if (member !== undefined) members.set(keyOf(pair), member);
  }
  return { kind: 'map', place, members };
}

function textSetting(node: unknown, place: string): Setting | undefined {
  if (!isScalar(node) || node.value === null) return undefined;
  // Verbatim: 1.10 is a name, not the number 1.1.
  const text = typeof node.value === 'string' ? node.value : (node.source ?? '');
  return { kind: 'text', place, text };
}

function keyOf({ key }: Pair): string {
  return isScalar(key) ? String(key.value) : '';
}

function unknownKey(place: string, keys: readonly string[], name: string): UsageError {
  return invalid(place, 'unknown key', { hint: suggestion(name, keys, `Use one of ${keys.join(', ')}.`) });
}

function placeOf({ lines, label, prefix }: Reader, offset: number | undefined, name: string): string {
  const line = offset === undefined ? '' : `:${lines.linePos(offset).line}`;
  return `${label}${line}${name === '' ? '' : `: ${prefix}${printable(name, 60)}`}`;
}

function offsetOf(node: unknown): number | undefined {
  return isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? node.range?.[0] : undefined;
}

function invalid(
  place: string,
  reason: string,
  options: { readonly hint?: string | undefined } = {},
): UsageError {
  return new UsageError('CONFIG_INVALID', `${place}: ${reason}`, options);
}
