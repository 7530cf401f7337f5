// Not tar-stream: a tar-split needs every byte of the tar, and entries must be read like Go's archive/tar
// reads them.
import { bytesThatFollow, describeEntry, describeGlobal, entryType, noExtensions } from './describe-entry.ts';
import type { Extensions, Sparseness } from './describe-entry.ts';
import { blockBytes, numberField, parseHeaderBlock, textField, type HeaderBlock } from './header-block.ts';
import { MalformedTar } from './malformed.ts';
import { paxNumber, parsePaxRecords } from './pax-records.ts';
import {
  checkFragments,
  createSparseMapReader,
  fragmentsOfBlock,
  fragmentsOfRecords,
  paxSparseFormat,
} from './sparse-map.ts';
import type { SparseMapReader } from './sparse-map.ts';
import type { Fragment, TarEntry, TarEntryType } from './tar-entry.ts';

/**
 * Receives a tar in order, each byte once: in `raw` or as content. Buffers are slices of the parser's input,
 * not copies.
 */
export interface TarConsumer {
  /** `raw`: all bytes since the content of the previous entry, including this entry's header. */
  entry(entry: TarEntry, raw: readonly Buffer[]): void;
  /** Bytes of the entry as they are stored. */
  content(bytes: Buffer): void;
  /** Called after every entry, even without content. */
  contentEnd(): void;
  /** Bytes outside of entries: the end of the archive and anything after it. */
  trailer(raw: readonly Buffer[]): void;
}

/** Limit for an extension, as in Go's `archive/tar` (bytes). */
const maxExtensionBytes = 1024 * 1024;
/** Limit for the bytes between the contents of two entries (bytes). */
const maxRawBytes = 8 * maxExtensionBytes;

type Step = 'header' | 'extension' | 'continuation' | 'map' | 'content' | 'padding' | 'trailer';

interface Begun {
  readonly type: TarEntryType;
  readonly header: HeaderBlock;
  /** Bytes of map and content (without padding). */
  readonly followingBytes: number;
}

/**
 * A synchronous streaming tar parser. Like engines, it ends the archive at two blocks of zeros. `push` and
 * `end` throw {@link MalformedTar} for tars that engines reject.
 */
export class TarParser {
  readonly #consumer: TarConsumer;
  #step: Step = 'header';
  /** Bytes that the current step still needs. */
  #wanted: number = blockBytes;
  /** Incomplete block or extension. */
  #gathered: Buffer[] = [];
  #raw: Buffer[] = [];
  #rawBytes = 0;
  #sawZeroBlock = false;
  #extensions: Extensions = noExtensions;
  #extensionOf: HeaderBlock | undefined;
  #begun: Begun | undefined;
  #fragments: Fragment[] = [];
  #sparseSize = 0;
  #map: SparseMapReader = createSparseMapReader();
  #paddingBytes = 0;

  constructor(consumer: TarConsumer) {
    this.#consumer = consumer;
  }

  /** Parses the next bytes of the tar. */
  push(chunk: Buffer): void {
    for (let at = 0; at < chunk.length;) {
      const bytes = chunk.subarray(at, at + Math.min(this.#wanted, chunk.length - at));
      at += bytes.length;
      this.#wanted -= bytes.length;
      this.#take(bytes);
    }
  }

  /** Requires that the tar is complete; it may end after any entry. */
  end(): void {
    const isBetweenEntries = this.#step === 'header' && this.#gathered.length === 0;
    if (!isBetweenEntries && this.#step !== 'padding' && this.#step !== 'trailer') {
      throw new MalformedTar('it is truncated');
    }
    if (this.#raw.length > 0) this.#consumer.trailer(this.#takeRaw());
  }

  #take(bytes: Buffer): void {
    switch (this.#step) {
      case 'content':
        this.#consumer.content(bytes);
        if (this.#wanted === 0) this.#endContent();
        return;
      case 'padding':
        this.#keepRaw(bytes);
        if (this.#wanted === 0) this.#expect('header', blockBytes);
        return;
      case 'trailer':
        this.#wanted = Number.MAX_SAFE_INTEGER;
        this.#consumer.trailer([bytes]);
        return;
      case 'header':
      case 'extension':
      case 'continuation':
      case 'map':
        this.#gathered.push(bytes);
        if (this.#wanted === 0) this.#takeWhole(this.#step);
    }
  }

  #takeWhole(step: 'header' | 'extension' | 'continuation' | 'map'): void {
    const whole = this.#gathered.length === 1 ? this.#gathered[0] : Buffer.concat(this.#gathered);
    this.#gathered = [];
    if (whole === undefined) return;
    this.#keepRaw(whole);
    if (step === 'header') this.#takeHeader(whole);
    else if (step === 'extension') this.#takeExtension(whole);
    else if (step === 'continuation') this.#takeSparseBlock(whole, 'continuation');
    else this.#takeMap(whole);
  }

  #takeHeader(block: Buffer): void {
    if (isZero(block)) {
      this.#expect(this.#sawZeroBlock ? 'trailer' : 'header', blockBytes);
      if (this.#sawZeroBlock) this.#consumer.trailer(this.#takeRaw());
      this.#sawZeroBlock = true;
      return;
    }
    if (this.#sawZeroBlock) throw new MalformedTar('data follows the first zero block at its end');
    const header = parseHeaderBlock(block);
    if ('xgLK'.includes(header.typeFlag)) this.#beginExtension(header);
    else this.#beginEntry(header, block);
  }

  #beginExtension(header: HeaderBlock): void {
    if (header.size < 0 || header.size > maxExtensionBytes) {
      throw new MalformedTar('an extended header is too large');
    }
    this.#extensionOf = header;
    this.#paddingBytes = paddingOf(header.size);
    if (header.size === 0) this.#takeExtension(Buffer.alloc(0));
    else this.#expect('extension', header.size);
  }

  #takeExtension(data: Buffer): void {
    const header = this.#extensionOf;
    if (header === undefined) return;
    const { typeFlag } = header;
    if (typeFlag === 'x') this.#extensions = { ...this.#extensions, records: parsePaxRecords(data) };
    else if (typeFlag === 'L')
      this.#extensions = { ...this.#extensions, longName: textField(data, 0, data.length) };
    else if (typeFlag === 'K')
      this.#extensions = { ...this.#extensions, longLink: textField(data, 0, data.length) };
    else this.#tellEntry(describeGlobal(header, parsePaxRecords(data)));
    this.#expectPadding();
  }

  #beginEntry(header: HeaderBlock, block: Buffer): void {
    const { records } = this.#extensions;
    const type = entryType(header, this.#extensions);
    const followingBytes = bytesThatFollow(type, header, records);
    this.#begun = { type, header, followingBytes };
    this.#paddingBytes = paddingOf(followingBytes);
    this.#fragments = [];
    const format = paxSparseFormat(records);
    if (header.typeFlag === 'S') {
      if (header.format !== 'gnu') throw new MalformedTar('a sparse file is not in GNU format');
      this.#sparseSize = numberField(block, 483, 12);
      this.#takeSparseBlock(block, 'header');
    } else if (format === undefined) this.#endHeader(followingBytes, undefined);
    else if (type !== 'file') throw new MalformedTar('an entry that is not a file is sparse');
    else {
      this.#sparseSize =
        paxNumber(records, 'GNU.sparse.size') ?? paxNumber(records, 'GNU.sparse.realsize') ?? followingBytes;
      if (format === 'records') this.#endSparseHeader(fragmentsOfRecords(records), followingBytes);
      else {
        this.#map = createSparseMapReader();
        this.#expectMapBlock(followingBytes);
      }
    }
  }

  #takeSparseBlock(block: Buffer, kind: 'header' | 'continuation'): void {
    const { fragments, goesOn } = fragmentsOfBlock(block, kind);
    this.#fragments.push(...fragments);
    if (goesOn) this.#expect('continuation', blockBytes);
    else this.#endSparseHeader(this.#fragments, this.#begun?.followingBytes ?? 0);
  }

  #takeMap(block: Buffer): void {
    const fragments = this.#map.add(block);
    const left = (this.#begun?.followingBytes ?? 0) - this.#map.bytes;
    if (fragments === undefined) this.#expectMapBlock(left);
    else this.#endSparseHeader(fragments, left);
  }

  #expectMapBlock(left: number): void {
    if (left < blockBytes) throw new MalformedTar('the map of a sparse file is truncated');
    this.#expect('map', blockBytes);
  }

  #endSparseHeader(fragments: readonly Fragment[], storedSize: number): void {
    checkFragments(fragments, this.#sparseSize, storedSize);
    this.#endHeader(storedSize, { fragments, size: this.#sparseSize });
  }

  #endHeader(storedSize: number, sparseness: Sparseness | undefined): void {
    const begun = this.#begun;
    if (begun === undefined) return;
    const entry = describeEntry(begun.type, begun.header, this.#extensions, storedSize, sparseness);
    this.#begun = undefined;
    this.#consumer.entry(entry, this.#takeRaw());
    this.#extensions = noExtensions;
    if (storedSize === 0) this.#endContent();
    else this.#expect('content', storedSize);
  }

  #tellEntry(entry: TarEntry): void {
    this.#consumer.entry(entry, this.#takeRaw());
    this.#consumer.contentEnd();
    this.#extensions = noExtensions;
  }

  #endContent(): void {
    this.#consumer.contentEnd();
    this.#expectPadding();
  }

  #expectPadding(): void {
    if (this.#paddingBytes === 0) this.#expect('header', blockBytes);
    else this.#expect('padding', this.#paddingBytes);
  }

  #expect(step: Step, bytes: number): void {
    this.#step = step;
    this.#wanted = bytes;
  }

  #keepRaw(bytes: Buffer): void {
    this.#raw.push(bytes);
    this.#rawBytes += bytes.length;
    if (this.#rawBytes > maxRawBytes) throw new MalformedTar('its headers are too large');
  }

  #takeRaw(): readonly Buffer[] {
    const raw = this.#raw;
    this.#raw = [];
    this.#rawBytes = 0;
    return raw;
  }
}

function paddingOf(bytes: number): number {
  return (blockBytes - (bytes % blockBytes)) % blockBytes;
}

const zeros = Buffer.alloc(blockBytes);

function isZero(block: Buffer): boolean {
  return block[0] === 0 && block.equals(zeros);
}
