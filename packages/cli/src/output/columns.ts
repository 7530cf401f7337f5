/**
 * Formats rows of two columns. The first is as wide as its widest cell; the second wraps at `width`
 * characters. No trailing spaces.
 */
export function formatColumns(rows: readonly (readonly string[])[], width: number): readonly string[] {
  // A very wide first cell gets its own line, so that it does not squeeze the other rows.
  const widest = Math.min(40, Math.max(0, ...rows.map(([first]) => (first ?? '').length)));
  return rows.flatMap(([first = '', second = '']) => {
    const lines = wrap(second, Math.max(20, width - widest - 2));
    const indented = lines.map((line) => `${' '.repeat(widest + 2)}${line}`);
    if (first.length > widest) return [first, ...indented];
    return [`${first.padEnd(widest + 2)}${lines[0] ?? ''}`.trimEnd(), ...indented.slice(1)];
  });
}

/**
 * Formats a table: columns as wide as their widest cell, two spaces apart. `alignRight`: the columns with
 * numbers.
 */
export function formatTable(
  rows: readonly (readonly string[])[],
  alignRight: readonly number[] = [],
): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows.map((row) =>
    widths
      .map((cellWidth, column) => {
        const cell = row[column] ?? '';
        return alignRight.includes(column) ? cell.padStart(cellWidth) : cell.padEnd(cellWidth);
      })
      .join('  ')
      .trimEnd(),
  );
}

/** Wraps `text` at `width` characters; longer words stay whole. */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
