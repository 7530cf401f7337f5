/** Quotes `text` as one word for a POSIX shell. @throws RangeError for NUL, which arguments cannot contain */
export function shellQuote(text: string): string {
  if (text.includes('\0')) throw new RangeError('cannot quote text with a NUL character');
  if (/^[\w@%+=:,./-]+$/.test(text)) return text;
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** Quotes each word and joins them into a command line. */
export function shellCommand(argv: readonly string[]): string {
  return argv.map(shellQuote).join(' ');
}
