import fc from 'fast-check';
import { maxInputBytes } from '../target.ts';
import { mutated, rawBytes } from './bytes.ts';
import { steering } from './text.ts';

/** A value of a document; `Deep` stands for arrays in arrays, which JSON.stringify cannot write. */
export type Json =
  string | number | boolean | null | Deep | readonly Json[] | { readonly [key: string]: Json };

class Deep {
  readonly levels: number;

  constructor(levels: number) {
    this.levels = levels;
  }
}

/** A value as JSON.stringify would write it. */
export function jsonOf(value: unknown): Json {
  if (typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number') return value;
  if (Array.isArray(value)) return value.map(jsonOf);
  if (typeof value !== 'object' || value === null) return null;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, jsonOf(member)]));
}

/** A change of one value in a document. */
interface JsonMutation {
  /** Chooses the value: its position in the order of the text, modulo the count of values. */
  readonly at: number;
  readonly change:
    | { readonly kind: 'replace'; readonly value: Json }
    | { readonly kind: 'remove' }
    | { readonly kind: 'repeat'; readonly times: number }
    | { readonly kind: 'add'; readonly key: string; readonly value: Json };
}

/** Values that JSON allows and that programs seldom expect. */
const oddValues: fc.Arbitrary<Json> = fc.oneof(
  { arbitrary: fc.constantFrom<Json>(null, true, 0, -1, 1.5, 1e308, 2 ** 53, 2 ** 31, '', '0'), weight: 4 },
  { arbitrary: fc.constantFrom<Json>([], {}, [null], [[]], [{}], { toString: 1 }, { length: 9 }), weight: 3 },
  { arbitrary: fc.constantFrom<Json>('sha256:', `sha512:${'0'.repeat(128)}`, '../../etc/passwd'), weight: 2 },
  { arbitrary: fc.constantFrom<Json>(...steering), weight: 3 },
  { arbitrary: fc.string({ unit: 'binary', maxLength: 40 }), weight: 2 },
  { arbitrary: fc.integer({ min: 1, max: maxInputBytes }).map((length) => 'a'.repeat(length)), weight: 1 },
  { arbitrary: fc.integer({ min: 1, max: maxInputBytes / 2 }).map((levels) => new Deep(levels)), weight: 1 },
  { arbitrary: fc.double(), weight: 1 },
);

const keys = fc.oneof(
  fc.constantFrom('__proto__', 'constructor', 'toString', 'mediaType', 'size', 'layers', ''),
  fc.string({ maxLength: 6 }),
);

const mutations: fc.Arbitrary<JsonMutation> = fc.record({
  at: fc.nat(10_000),
  change: fc.oneof(
    { arbitrary: fc.record({ kind: fc.constant('replace' as const), value: oddValues }), weight: 4 },
    { arbitrary: fc.record({ kind: fc.constant('remove' as const) }), weight: 2 },
    {
      arbitrary: fc.record({
        kind: fc.constant('repeat' as const),
        times: fc.integer({ min: 2, max: 300 }),
      }),
      weight: 1,
    },
    {
      arbitrary: fc.record({ kind: fc.constant('add' as const), key: keys, value: oddValues }),
      weight: 1,
    },
  ),
});

/**
 * A document with a few of its values changed, as UTF-8; sometimes some of its bytes are changed as well, and
 * sometimes it is not such a document at all.
 */
export function mutatedJson(documents: fc.Arbitrary<Json>): fc.Arbitrary<Buffer> {
  const changed = mutatedValues(documents).map(jsonBytes);
  return fc.oneof(
    { arbitrary: changed, weight: 8 },
    { arbitrary: mutated(changed), weight: 2 },
    { arbitrary: oddValues.map(jsonBytes), weight: 1 },
    { arbitrary: rawBytes(), weight: 1 },
  );
}

/** A document with a few of its values changed. */
export function mutatedValues(documents: fc.Arbitrary<Json>): fc.Arbitrary<Json> {
  return fc
    .tuple(documents, fc.array(mutations, { maxLength: 4 }))
    .map(([document, changes]) => changes.reduce(mutate, document));
}

/** The text of a document as UTF-8, cut at the largest input. */
export function jsonBytes(value: Json): Buffer {
  return Buffer.from(textOf(value)).subarray(0, maxInputBytes);
}

function textOf(value: Json): string {
  if (value instanceof Deep) return '['.repeat(value.levels) + ']'.repeat(value.levels);
  if (isList(value)) return `[${value.map(textOf).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(([key, member]) => `${JSON.stringify(key)}:${textOf(member)}`);
  return `{${members.join(',')}}`;
}

function mutate(document: Json, { at, change }: JsonMutation): Json {
  let left = at % countOf(document);
  const visit = (value: Json): readonly Json[] => {
    left -= 1;
    if (left === -1) return changed(value, change);
    if (isList(value)) return [value.flatMap(visit)];
    if (!isMap(value)) return [value];
    const members = Object.entries(value).flatMap(([key, member]) =>
      visit(member)
        .slice(0, 1)
        .map((inner) => [key, inner] as const),
    );
    return [Object.fromEntries(members)];
  };
  return visit(document)[0] ?? null;
}

/** What stands in place of a value; nothing if it is removed. */
function changed(value: Json, change: JsonMutation['change']): readonly Json[] {
  switch (change.kind) {
    case 'replace':
      return [change.value];
    case 'remove':
      return [];
    case 'repeat':
      return Array.from({ length: change.times }, () => value);
    case 'add':
      if (isMap(value)) return [{ ...value, [change.key]: change.value }];
      return isList(value) ? [[...value, change.value]] : [value];
  }
}

function countOf(value: Json): number {
  const inner = isList(value) ? value : isMap(value) ? Object.values(value) : [];
  return inner.reduce((sum: number, member) => sum + countOf(member), 1);
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

function isMap(value: Json): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !isList(value) && !(value instanceof Deep);
}
