import { describe, expect, test } from '@jest/globals';
import { decodeMessage, encodeMessage } from './wire.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('messages in protobuf wire format', () => {
  test('are written as the encoding guide of protobuf has it', () => {
    expect(hex(encodeMessage([[1, 150]]))).toBe('089601');
    expect(hex(encodeMessage([[2, 'testing']]))).toBe('120774657374696e67');
    expect(hex(encodeMessage([[3, encodeMessage([[1, 150]])]]))).toBe('1a03089601');
  });

  test('leave out defaults, as proto3 does', () => {
    const fields = [
      [1, undefined],
      [2, ''],
      [3, 0],
      [4, []],
      [5, {}],
    ] as const;
    expect(encodeMessage(fields)).toHaveLength(0);
    const empty = decodeMessage(new Uint8Array());
    expect([empty.text(1), empty.count(1), empty.texts(1), empty.textMap(1)]).toEqual(['', 0, [], {}]);
    expect(empty.message(1)).toBeUndefined();
    expect(empty.bytes(1)).toHaveLength(0);
  });

  test('give back what was written', () => {
    const inner = encodeMessage([
      [1, 'a'],
      [16, 4_294_967_296 * 512],
    ]);
    const message = decodeMessage(
      encodeMessage([
        [1, 'é 𝄞'],
        [2, ['one', '', 'two']],
        [3, { 'containerd.io/gc.ref.content.l.0': 'sha256:x', empty: '' }],
        [4, [inner, inner]],
        [200, Buffer.alloc(300, 7)],
      ]),
    );
    expect(message.text(1)).toBe('é 𝄞');
    expect(message.texts(2)).toEqual(['one', '', 'two']);
    expect(message.textMap(3)).toEqual({ 'containerd.io/gc.ref.content.l.0': 'sha256:x', empty: '' });
    expect(message.messages(4).map((each) => each.count(16))).toEqual([2_199_023_255_552, 2_199_023_255_552]);
    expect(message.message(4)?.text(1)).toBe('a');
    expect(message.bytes(200)).toEqual(Buffer.alloc(300, 7));
  });

  test('may hold fields that nobody knows, of fixed size too', () => {
    const fixed = Buffer.from('0d01020304' + '110102030405060708' + '1a0161' + '2005', 'hex');
    const message = decodeMessage(fixed);
    expect([message.text(3), message.count(4)]).toEqual(['a', 5]);
  });

  test.each(['1a05', '08', '0b', '0d0102'])('that are none are refused: %s', (bytes) => {
    expect(() => decodeMessage(Buffer.from(bytes, 'hex'))).toThrow(RangeError);
  });
});
