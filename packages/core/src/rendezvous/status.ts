import type { ErrorSummary } from '../error-summary.ts';
import { DrayError } from '../errors.ts';
import { isDigest, type Digest } from '../image/digest.ts';
import { isObject, parseJson, type JsonObject } from '../image/json.ts';
import { printable } from '../redact.ts';
import { formatWithChecksum, matchesChecksum } from '../store/document-checksum.ts';

/** `running` is valid only while the heartbeat changes; the other states are final. */
export type PrepullState = 'running' | 'ready' | 'failed' | 'cancelled';

/** `ready`: complete in the bundle. `skipped`: optional and does not exist. */
export type ImageState = 'pending' | 'ready' | 'failed' | 'skipped';

export interface StatusImage {
  /** Canonical, as {@link formatReference} writes it; the requested text until the tag is resolved. */
  readonly reference: string;
  /** Additional names for the image, canonical. */
  readonly alsoNamed?: readonly string[] | undefined;
  /**
   * The other alternatives from which `reference` was chosen, canonical: a waiter may ask for any of them.
   */
  readonly chosenFrom?: readonly string[] | undefined;
  readonly state: ImageState;
  readonly manifestDigest?: Digest | undefined;
  readonly configDigest?: Digest | undefined;
  /** Bytes of all its blobs, as stored. */
  readonly bytes?: number | undefined;
  readonly error?: ErrorSummary | undefined;
}

export interface StatusProgress {
  readonly bytesFetched: number;
  readonly bytesReused: number;
}

/**
 * The state of a pre-pull: `dray-status.json` beside the bundle. Times are for people. A waiter relies on
 * `beat` alone, the heartbeat that grows while the pre-pull runs: when it stays unchanged for `leaseMs` on
 * the waiter's own clock, the pre-pull is dead.
 */
export interface StatusDocument {
  readonly version: 1;
  /** Random, one per run: a document of another run begins a new lease. */
  readonly runId: string;
  readonly state: PrepullState;
  readonly beat: number;
  readonly leaseMs: number;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly updatedAt: string;
  /** The CI system's name for this pipeline or workflow run, if it has one. */
  readonly pipeline?: string | undefined;
  readonly node?: string | undefined;
  readonly progress: StatusProgress;
  readonly images: readonly StatusImage[];
  readonly error?: ErrorSummary | undefined;
}

export function formatStatus(status: StatusDocument): Uint8Array {
  return formatWithChecksum(status, 2);
}

/**
 * Parses a status document. @throws DrayError `STATUS_INVALID`; `BUNDLE_VERSION_UNSUPPORTED` for a newer
 * version
 */
export function parseStatus(bytes: Uint8Array): StatusDocument {
  let value: unknown;
  try {
    value = parseJson(bytes);
  } catch (error) {
    throw invalid('it is not JSON', error);
  }
  if (!isObject(value)) throw invalid('it is not a JSON object');
  checkVersion(value['version']);
  if (!matchesChecksum(bytes, value)) throw invalid('its checksum does not match, so it is damaged');
  return {
    version: 1,
    runId: text(value, 'runId'),
    state: oneOf(value, 'state', ['running', 'ready', 'failed', 'cancelled']),
    beat: count(value, 'beat'),
    leaseMs: count(value, 'leaseMs'),
    startedAt: text(value, 'startedAt'),
    updatedAt: text(value, 'updatedAt'),
    ...optionalText(value, 'pipeline'),
    ...optionalText(value, 'node'),
    progress: parseProgress(value['progress']),
    images: parseImages(value['images']),
    ...parseError(value['error']),
  };
}

function checkVersion(version: unknown): void {
  if (version === 1) return;
  if (typeof version === 'number' && version > 1) {
    throw new DrayError(
      'BUNDLE_VERSION_UNSUPPORTED',
      `cannot read dray-status.json: it has version ${String(version)}, version 1 is supported`,
      { hint: 'Use the same version of drayage in both jobs.' },
    );
  }
  throw invalid('it has no version');
}

function parseProgress(value: unknown): StatusProgress {
  if (!isObject(value)) throw invalid('"progress" is not an object');
  return { bytesFetched: count(value, 'bytesFetched'), bytesReused: count(value, 'bytesReused') };
}

function parseImages(value: unknown): readonly StatusImage[] {
  if (!Array.isArray(value)) throw invalid('"images" is not an array');
  return value.map((entry: unknown) => {
    if (!isObject(entry)) throw invalid('an image is not an object');
    return {
      reference: text(entry, 'reference'),
      ...optionalTexts(entry, 'alsoNamed'),
      ...optionalTexts(entry, 'chosenFrom'),
      state: oneOf(entry, 'state', ['pending', 'ready', 'failed', 'skipped']),
      ...optionalDigest(entry, 'manifestDigest'),
      ...optionalDigest(entry, 'configDigest'),
      ...(entry['bytes'] === undefined ? {} : { bytes: count(entry, 'bytes') }),
      ...parseError(entry['error']),
    };
  });
}

function parseError(value: unknown): { readonly error?: ErrorSummary | undefined } {
  if (!isObject(value)) return {};
  return {
    error: { code: text(value, 'code'), message: text(value, 'message'), ...optionalText(value, 'hint') },
  };
}

function text(object: JsonObject, key: string): string {
  const value = object[key];
  if (typeof value === 'string') return foreign(value);
  throw invalid(`"${key}" is not a string`);
}

// Whoever can write to the handover location can write this document: one line must stay one line.
function foreign(value: string): string {
  return printable(value, 4000);
}

function optionalText<Key extends string>(object: JsonObject, key: Key): { readonly [K in Key]?: string } {
  const value = object[key];
  const found: { [K in Key]?: string } = {};
  if (typeof value === 'string') found[key] = foreign(value);
  return found;
}

function optionalTexts<Key extends string>(
  object: JsonObject,
  key: Key,
): { readonly [K in Key]?: readonly string[] } {
  const value = object[key];
  const found: { [K in Key]?: readonly string[] } = {};
  const entries: readonly unknown[] = Array.isArray(value) ? value : [];
  const texts = entries.filter((entry) => typeof entry === 'string').map(foreign);
  if (Array.isArray(value)) found[key] = texts;
  return found;
}

function optionalDigest<Key extends string>(object: JsonObject, key: Key): { readonly [K in Key]?: Digest } {
  const value = object[key];
  const found: { [K in Key]?: Digest } = {};
  if (typeof value === 'string' && isDigest(value)) found[key] = value;
  return found;
}

function count(object: JsonObject, key: string): number {
  const value = object[key];
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw invalid(`"${key}" is not a count`);
}

function oneOf<T extends string>(object: JsonObject, key: string, allowed: readonly T[]): T {
  const found = allowed.find((candidate) => candidate === object[key]);
  if (found !== undefined) return found;
  throw invalid(`"${key}" is not one of ${allowed.join(', ')}`);
}

function invalid(reason: string, cause?: unknown): DrayError {
  return new DrayError(
    'STATUS_INVALID',
    `cannot read dray-status.json: ${reason}`,
    cause === undefined ? {} : { cause },
  );
}
