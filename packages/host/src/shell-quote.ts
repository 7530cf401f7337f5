/** A word that a POSIX shell reads as exactly `text`. @throws RangeError for NUL, which no argument can hold */
export function shellQuote(text: string): string {
  if (text.includes('\0')) throw new RangeError('cannot quote text with a NUL character');
  if (/^[\w@%+=:,./-]+$/.test(text)) return text;
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** A command line of words, each read as it is. */
export function shellCommand(argv: readonly string[]): string {
  return argv.map(shellQuote).join(' ');
}
