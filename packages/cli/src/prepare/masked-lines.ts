import { StringDecoder } from 'node:string_decoder';
import { maskSecrets, printable } from '@drayage/core';

/** Longest line that is shown (characters), and how much of one is kept to be masked. */
const shownLength = 4000;
const keptLength = 64 * 1024;

/** Takes output as it comes and gives it away in lines. */
export interface LineSplitter {
  write(chunk: Uint8Array): void;
  /** Gives away what has no end of line. */
  end(): void;
}

/**
 * Output in lines with every secret replaced by `***`. Only whole lines are masked, as a secret may come in two chunks; of a line that is
 * very long the end is left out, with whatever may be a part of a secret.
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
    // At the end of what was kept there may be the first half of a secret, which is not masked.
    const end = Math.max(0, Math.min(shownLength, leftOut > 0 ? masked.length - longest : masked.length));
    const text = withoutEscapes(isCut ? masked.slice(0, end) : masked).trimEnd();
    if (isCut) emit(`${text} … (the line goes on)`);
    else if (text !== '') emit(text);
    [line, leftOut] = ['', 0];
  };
  const take = (text: string): void => {
    const kept = text.slice(0, Math.max(0, limit - line.length));
    line += kept;
    leftOut += text.length - kept.length;
  };
  const write = (text: string): void => {
    // A carriage return begins a line too: progress bars have no other ends of line.
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

/** Colours and cursor movements of another program have no place in a log. */
function withoutEscapes(text: string): string {
  // eslint cannot know that the control character is meant.
  const escape = String.fromCharCode(27);
  const plain = text.split(escape).map((part, position) => {
    return position === 0
      ? part
      : part.replace(/^(?:\[[0-9;?]*[ -/]*[@-~]|\][^\u0007]*\u0007?|[@-Z\\-_])/, '');
  });
  return printable(plain.join('').replaceAll('\t', '  '), shownLength);
}
