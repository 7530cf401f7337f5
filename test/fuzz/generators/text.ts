import fc from 'fast-check';
import { maxInputBytes } from '../target.ts';

/** Text made of pieces of a language in any order, with some of any other text between them. */
export function pieced(pieces: readonly string[], maxPieces = 40): fc.Arbitrary<string> {
  const part = fc.oneof(
    { arbitrary: fc.constantFrom(...pieces), weight: 8 },
    { arbitrary: fc.string({ maxLength: 8 }), weight: 1 },
    { arbitrary: fc.string({ maxLength: 4, unit: 'binary' }), weight: 1 },
  );
  return fc.array(part, { maxLength: maxPieces, size: 'max' }).map((parts) => parts.join(''));
}

/** One or two pieces that repeat, up to the largest input: what takes too long grows with the length. */
export function repeated(pieces: readonly string[]): fc.Arbitrary<string> {
  const few = fc.array(fc.constantFrom(...pieces), { minLength: 1, maxLength: 3 });
  return fc
    .tuple(few, few, fc.integer({ min: 1, max: maxInputBytes }), few)
    .map(([start, pattern, length, end]) => {
      const body = pattern.join('');
      const times = body === '' ? 0 : Math.floor(length / body.length);
      return `${start.join('')}${body.repeat(times)}${end.join('')}`.slice(0, maxInputBytes);
    });
}

/** Text that a terminal, a shell or the log of a CI system would obey. */
export const steering: readonly string[] = [
  '\u001b[31m',
  '\u001b]0;title\u0007',
  '\r',
  '\n::error::x',
  '::add-mask::x',
  '##[error]x',
  '##vso[task.setvariable variable=a]b',
  '\nsection_start:1700000000:x\r',
  '\u009b1m',
  '\u202e',
  '\u2028',
  '\0',
  '$(id)',
  '`id`',
];
