import fc from 'fast-check';
import { maxInputBytes } from '../target.ts';

/** A change of a text that consists of lines. Places are parts of the whole, so that they fit every text. */
type LineMutation =
  | { readonly kind: 'remove' | 'double' | 'indent' | 'outdent'; readonly at: number }
  | { readonly kind: 'move'; readonly at: number; readonly to: number }
  | { readonly kind: 'insert' | 'append' | 'replace'; readonly at: number; readonly piece: string };

const places = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

/** One of the texts with a few of its lines changed; `pieces` of its language are put in. */
export function mutatedLines(texts: readonly string[], pieces: readonly string[]): fc.Arbitrary<string> {
  const piece = fc.oneof(
    { arbitrary: fc.constantFrom(...pieces), weight: 6 },
    { arbitrary: fc.string({ maxLength: 12 }), weight: 1 },
    { arbitrary: fc.string({ unit: 'binary', maxLength: 4 }), weight: 1 },
  );
  const mutation: fc.Arbitrary<LineMutation> = fc.oneof(
    fc.record({ kind: fc.constantFrom('remove', 'double', 'indent', 'outdent'), at: places }),
    fc.record({ kind: fc.constant('move'), at: places, to: places }),
    fc.record({ kind: fc.constantFrom('insert', 'append', 'replace'), at: places, piece }),
  );
  return fc
    .tuple(fc.constantFrom(...texts), fc.array(mutation, { maxLength: 8 }))
    .map(([text, mutations]) =>
      mutations.reduce(mutate, text.split('\n')).join('\n').slice(0, maxInputBytes),
    );
}

function mutate(lines: readonly string[], mutation: LineMutation): readonly string[] {
  const at = Math.floor(mutation.at * lines.length);
  const line = lines[at] ?? '';
  switch (mutation.kind) {
    case 'remove':
      return lines.toSpliced(at, 1);
    case 'double':
      return lines.toSpliced(at, 0, line);
    case 'indent':
      return lines.toSpliced(at, 1, `  ${line}`);
    case 'outdent':
      return lines.toSpliced(at, 1, line.replace(/^ {1,2}/, ''));
    case 'move':
      return lines.toSpliced(at, 1).toSpliced(Math.floor(mutation.to * lines.length), 0, line);
    case 'insert':
      return lines.toSpliced(at, 0, line.replace(/\S.*$/, '') + mutation.piece);
    case 'append':
      return lines.toSpliced(at, 1, line + mutation.piece);
    case 'replace':
      return lines.toSpliced(
        at,
        1,
        line.replace(/[^\s:-]+\s*$/, () => mutation.piece),
      );
  }
}
