/** Records the parts of a tar as JSON lines. @see github.com/vbatts/tar-split, tar/storage */
export interface TarSplitWriter {
  /** Records bytes of the tar verbatim. */
  segment(raw: readonly Buffer[]): void;
  /**
   * Records an entry: its name as bytes (`latin1`) and, if its content is in the layer's tree, size and
   * CRC-64.
   */
  file(name: string, content?: { readonly size: number; readonly crc: Buffer }): void;
  /** The lines since the last call. */
  take(): Buffer;
  /** Approximate length of the next {@link take} (bytes). */
  readonly pendingBytes: number;
}

/** Starts a tar-split. Its lines equal those that dockerd writes for the same tar. */
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

/**
 * Undefined for a name that tar-split does not treat as UTF-8. It cannot tell the replacement character from
 * an error.
 */
function textOf(name: string): string | undefined {
  if (/^[\x00-\x7f]*$/.test(name)) return name;
  try {
    const text = utf8.decode(Buffer.from(name, 'latin1'));
    return text.includes('\ufffd') ? undefined : text;
  } catch {
    return undefined;
  }
}

/** Escapes like Go's JSON encoder. */
function escape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
