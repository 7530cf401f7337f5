/**
 * What a field of a message may hold: text, a count, bytes or a message within (`Uint8Array`), a list of texts or of messages, a map of texts.
 * Undefined, `''`, 0 and what is empty are not written, as proto3 has it; an empty `Uint8Array` is.
 */
export type WireValue =
  | string
  | number
  | Uint8Array
  | readonly string[]
  | readonly Uint8Array[]
  | Readonly<Record<string, string>>
  | undefined;

const varintType = 0;
const lengthType = 2;
const sizeOfFixed: ReadonlyMap<number, number> = new Map([
  [1, 8],
  [5, 4],
]);

/** A message in protobuf's wire format, of fields with their numbers. @see protobuf.dev "Encoding" (proto3) */
export function encodeMessage(fields: readonly (readonly [number, WireValue])[]): Buffer {
  return Buffer.concat(fields.flatMap(([number, value]) => encodeField(number, value)));
}

function encodeField(number: number, value: WireValue): readonly Uint8Array[] {
  if (value === undefined || value === '' || value === 0) return [];
  if (typeof value === 'number') return [varint(number * 8 + varintType), varint(value)];
  if (typeof value === 'string') return delimited(number, Buffer.from(value));
  if (value instanceof Uint8Array) return delimited(number, value);
  if (isList(value)) {
    return value.flatMap((entry) =>
      delimited(number, typeof entry === 'string' ? Buffer.from(entry) : entry),
    );
  }
  return Object.entries(value).flatMap((entry) => {
    const [key, text] = entry.map((part) => Buffer.from(part));
    return delimited(
      number,
      encodeMessage([
        [1, key],
        [2, text],
      ]),
    );
  });
}

function isList(value: object): value is readonly (string | Uint8Array)[] {
  return Array.isArray(value);
}

function delimited(number: number, bytes: Uint8Array): readonly Uint8Array[] {
  return [varint(number * 8 + lengthType), varint(bytes.length), bytes];
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Uint8Array.from([...bytes, rest]);
}

/** The fields of a message that has come in; unknown ones are kept aside, absent ones read as proto3's defaults. */
export interface WireMessage {
  text(number: number): string;
  /** An integer or enum; exact up to 2^53. */
  count(number: number): number;
  bytes(number: number): Uint8Array;
  /** Undefined when the message within is absent. */
  message(number: number): WireMessage | undefined;
  messages(number: number): readonly WireMessage[];
  texts(number: number): readonly string[];
  textMap(number: number): Readonly<Record<string, string>>;
}

/** Reads a message of protobuf's wire format. @throws RangeError when the bytes are none */
export function decodeMessage(bytes: Uint8Array): WireMessage {
  const counts = new Map<number, number>();
  const parts = new Map<number, Uint8Array[]>();
  const input = reader(bytes);
  while (!input.atEnd()) {
    const key = input.varint();
    const number = Math.floor(key / 8);
    const type = key % 8;
    if (type === varintType) counts.set(number, input.varint());
    else if (type === lengthType)
      parts.set(number, [...(parts.get(number) ?? []), input.take(input.varint())]);
    else input.take(fixedSize(type));
  }
  return messageOf(counts, parts);
}

function messageOf(
  counts: ReadonlyMap<number, number>,
  parts: ReadonlyMap<number, readonly Uint8Array[]>,
): WireMessage {
  const all = (number: number): readonly Uint8Array[] => parts.get(number) ?? [];
  const last = (number: number): Uint8Array => all(number).at(-1) ?? new Uint8Array();
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');
  return {
    text: (number) => text(last(number)),
    count: (number) => counts.get(number) ?? 0,
    bytes: last,
    message: (number) => (parts.has(number) ? decodeMessage(last(number)) : undefined),
    messages: (number) => all(number).map(decodeMessage),
    texts: (number) => all(number).map(text),
    textMap: (number) =>
      Object.fromEntries(
        all(number)
          .map(decodeMessage)
          .map((entry) => [entry.text(1), entry.text(2)]),
      ),
  };
}

function fixedSize(type: number): number {
  const size = sizeOfFixed.get(type);
  if (size === undefined) throw new RangeError(`cannot read a message: wire type ${String(type)} is unknown`);
  return size;
}

interface Reader {
  atEnd(): boolean;
  varint(): number;
  take(length: number): Uint8Array;
}

function reader(bytes: Uint8Array): Reader {
  let position = 0;
  const take = (length: number): Uint8Array => {
    if (position + length > bytes.length) throw new RangeError('cannot read a message: it ends too early');
    position += length;
    return bytes.subarray(position - length, position);
  };
  return {
    atEnd: () => position >= bytes.length,
    take,
    varint() {
      let value = 0;
      for (let scale = 1; ; scale *= 128) {
        const byte = take(1)[0] ?? 0;
        value += (byte % 128) * scale;
        if (byte < 128) return value;
      }
    },
  };
}
