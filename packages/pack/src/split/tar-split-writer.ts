/** Takes down what a tar is made of, as JSON lines. @see github.com/vbatts/tar-split, tar/storage */
export interface TarSplitWriter {
  /** Bytes that stand in the tar as they are. */
  segment(raw: readonly Buffer[]): void;
  /** An entry: its name as bytes (`latin1`), and of a content that is in the layer's tree the size and CRC-64. */
  file(name: string, content?: { readonly size: number; readonly crc: Buffer }): void;
  /** The lines since the last call. */
  take(): Buffer;
  /** Length of what {@link take} would give, about (bytes). */
  readonly pendingBytes: number;
}

/** Begins a tar-split. Lines are those that dockerd writes for the same tar. */
export function createTarSplitWriter(): TarSplitWriter {
  let lines: string[] = [];
  let pendingBytes = 0;
  let position = 0;
  const add = (line: string): void => {
    lines.push(line, `,"position":${String(position)}}\n`);
    pendingBytes += line.length;
    position += 1;
  };
  return {
    get pendingBytes() {
      return pendingBytes;
    },
    segment(raw) {
      const [first, ...more] = raw;
      if (first === undefined) return;
      const bytes = more.length === 0 ? first : Buffer.concat(raw);
      if (bytes.length > 0) add(`{"type":2,"payload":"${bytes.toString('base64')}"`);
    },
    file(name, content) {
      const size = content === undefined ? '' : `"size":${String(content.size)},`;
      const payload = content === undefined ? 'null' : `"${content.crc.toString('base64')}"`;
      add(`{"type":1,${nameMember(name)}${size}"payload":${payload}`);
    },
    take() {
      const taken = Buffer.from(lines.join(''));
      lines = [];
      pendingBytes = 0;
      return taken;
    },
  };
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function nameMember(name: string): string {
  if (name === '') return '';
  const text = textOf(name);
  if (text === undefined) return `"name_raw":"${Buffer.from(name, 'latin1').toString('base64')}",`;
  return `"name":${JSON.stringify(text).replace(/[<>&\u2028\u2029]/g, escape)},`;
}

/** Undefined for what tar-split takes for no UTF-8: the replacement character is not told from an error. */
function textOf(name: string): string | undefined {
  if (/^[\x00-\x7f]*$/.test(name)) return name;
  try {
    const text = utf8.decode(Buffer.from(name, 'latin1'));
    return text.includes('\ufffd') ? undefined : text;
  } catch {
    return undefined;
  }
}

/** As Go's JSON encoder does. */
function escape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
