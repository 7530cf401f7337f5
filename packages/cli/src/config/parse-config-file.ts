import { dirname } from 'node:path';
import { UsageError, printable } from '@drayage/core';
import { LineCounter, isAlias, isMap, isScalar, isSeq, parseDocument } from 'yaml';
import type { Document, YAMLMap } from 'yaml';
import { suggestion } from '../suggest.ts';
import { isPackageManifest } from './find-config-file.ts';
import type { FoundConfigFile } from './find-config-file.ts';

/** What a configuration file says, before it is known what the values mean. */
export interface ConfigFile {
  readonly path: string;
  /** Relative paths in it start here. */
  readonly dir: string;
  readonly entries: ReadonlyMap<string, ConfigEntry>;
}

export interface ConfigEntry {
  /** For messages: `.dray.yml:4: timeout`. */
  readonly place: string;
  /** The value, or the elements of a list, as they are written there. */
  readonly texts: readonly string[];
  readonly isList: boolean;
}

/**
 * Reads a flat map of settings: YAML, or JSON, which is YAML too. `label` is the file's name in messages. A key without a value counts as
 * not there.
 * @throws UsageError `CONFIG_INVALID` naming file, line and key
 */
export function parseConfigFile(
  { path, text }: FoundConfigFile,
  { label, keys }: { readonly label: string; readonly keys: readonly string[] },
): ConfigFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const reader: Reader = { document, lines, label, prefix: isPackageManifest(path) ? 'dray.' : '' };
  const [error] = document.errors;
  if (error !== undefined) throw invalid(placeOf(reader, error.pos[0], ''), printable(error.message, 200));
  const entries = new Map<string, ConfigEntry>();
  for (const { key, value } of settingsOf(reader, path)?.items ?? []) {
    const name = isScalar(key) ? String(key.value) : '';
    const place = placeOf(reader, offsetOf(key), name);
    if (!keys.includes(name)) throw unknownKey(place, keys, name);
    const entry = readEntry(reader, place, value);
    if (entry !== undefined) entries.set(name, entry);
  }
  return { path, dir: dirname(path), entries };
}

interface Reader {
  readonly document: Document;
  readonly lines: LineCounter;
  readonly label: string;
  readonly prefix: string;
}

function settingsOf(reader: Reader, path: string): YAMLMap | undefined {
  const { contents } = reader.document;
  const settings = isPackageManifest(path) && isMap(contents) ? contents.get('dray', true) : contents;
  if (isMap(settings)) return settings;
  if (settings === null || settings === undefined || (isScalar(settings) && settings.value === null))
    return undefined;
  throw invalid(placeOf(reader, offsetOf(settings), ''), 'expected a map of settings', {
    hint: 'Write one setting on a line, such as "timeout: 5m".',
  });
}

function readEntry(reader: Reader, place: string, value: unknown): ConfigEntry | undefined {
  const node = isAlias(value) ? value.resolve(reader.document) : value;
  if (isAlias(value) && node === undefined) throw invalid(place, 'the alias names no anchor');
  if (!isSeq(node)) {
    const text = scalarText(node, place);
    return text === undefined ? undefined : { place, texts: [text], isList: false };
  }
  const texts = node.items.map((item) => {
    const element = scalarText(item, place);
    if (element !== undefined) return element;
    throw invalid(place, 'an element of the list is empty');
  });
  return { place, texts, isList: true };
}

function scalarText(node: unknown, place: string): string | undefined {
  if (node === null || node === undefined) return undefined;
  if (!isScalar(node)) {
    throw invalid(place, 'expected a text, a number, true, false or a list of texts', {
      hint: 'Settings are flat: there is nothing below a key.',
    });
  }
  if (node.value === null) return undefined;
  // As written: 1.10 is a name that somebody chose, not the number 1.1.
  return typeof node.value === 'string' ? node.value : node.source;
}

function unknownKey(place: string, keys: readonly string[], name: string): UsageError {
  return invalid(place, 'unknown key', { hint: suggestion(name, keys, `The keys are ${keys.join(', ')}.`) });
}

function placeOf({ lines, label, prefix }: Reader, offset: number | undefined, name: string): string {
  const line = offset === undefined ? '' : `:${lines.linePos(offset).line}`;
  return `${label}${line}${name === '' ? '' : `: ${prefix}${printable(name, 60)}`}`;
}

function offsetOf(node: unknown): number | undefined {
  return isScalar(node) || isMap(node) || isSeq(node) ? node.range?.[0] : undefined;
}

function invalid(place: string, reason: string, options: { readonly hint?: string } = {}): UsageError {
  return new UsageError('CONFIG_INVALID', `${place}: ${reason}`, options);
}
