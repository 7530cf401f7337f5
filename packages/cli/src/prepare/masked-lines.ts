import { StringDecoder } from 'node:string_decoder';
import { maskSecrets, printable } from '@drayage/core';

/** The longest line that is shown, and how much of a line is kept for masking (characters). */
const shownLength = 4000;
const keptLength = 64 * 1024;

/** Splits output into lines. */
export interface LineSplitter {
  write(chunk: Uint8Array): void;
  /** Emits an unterminated last line. */
  end(): void;
}

/**
 * Emits output line by line with every secret replaced by `***`. Masks only whole lines, because two chunks
 * can split a secret. Cuts very long lines, together with anything that can be part of a secret.
 */
export function createMaskedLines(secrets: ReadonlySet<string>, emit: (line: string) => void): LineSplitter {
  const decoder = new StringDecoder('utf8');
  const longest = Math.max(0, ...[...secrets].map(({ length }) => length));
  const limit = keptLength + longest;
  let line = '';
  let leftOut = 0;
  const flush = (): void => {
    const masked = maskSecrets(line, secrets);
    const isCut = leftOut > 0 || masked.length > shownLength;
    // The kept part can end with the first half of a secret, which is not masked.
    const end = Math.max(0, Math.min(shownLength, leftOut > 0 ? masked.length - longest : masked.length));
    const text = withoutEscapes(isCut ? masked.slice(0, end) : masked).trimEnd();
    if (isCut) emit(`${text} … (line truncated)`);
    else if (text !== '') emit(text);
    [line, leftOut] = ['', 0];
  };
  const take = (text: string): void => {
    const kept = text.slice(0, Math.max(0, limit - line.length));
    line += kept;
    leftOut += text.length - kept.length;
  };
  const write = (text: string): void => {
    // A carriage return ends a line too: progress bars use nothing else.
    const [first = '', ...rest] = text.split(/\r\n|[\r\n]/);
    take(first);
    for (const next of rest) {
      flush();
      take(next);
    }
  };
  return {
    write: (chunk) => write(decoder.write(Buffer.from(chunk))),
    end() {
      write(decoder.end());
      if (line !== '') flush();
    },
  };
}

/** Removes colours and cursor movements. */
function withoutEscapes(text: string): string {
  // The control character is intended.
  const escape = String.fromCharCode(27);
  const plain = text.split(escape).map((part, position) => {
    return position === 0
      ? part
      : part.replace(/^(?:\[[0-9;?]*[ -/]*[@-~]|\][^\u0007]*\u0007?|[@-Z\\-_])/, '');
  });
  return printable(plain.join('').replaceAll('\t', '  '), shownLength);
}
