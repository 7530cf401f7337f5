import { tarPadding } from '@drayage/core/bundle';
import { createCrc64, type Crc64 } from '../split/crc64.ts';
import { createTarSplitWriter } from '../split/tar-split-writer.ts';
import type { TarConsumer } from '../tar/tar-parser.ts';
import type { TarEntry } from '../tar/tar-entry.ts';
import { expandSparse, type Expansion } from './expand.ts';
import { LayerTree } from './layer-tree.ts';
import type { LayerLimits } from './limits.ts';
import { RefusedEntry } from './refused.ts';
import type { Abilities } from './xattrs.ts';

/** The output since the last call: slices of the layer's buffers, not copies. */
export interface SplitLayer {
  /** Input for the program that writes the pack. */
  readonly tar: readonly Buffer[];
  /** Lines of the tar-split. */
  readonly lines: Buffer;
}

interface Current {
  readonly entry: TarEntry;
  /** Of content that is read from the tree when the tar is rebuilt. */
  readonly crc: Crc64 | undefined;
  readonly isInTree: boolean;
  readonly expansion: Expansion | undefined;
}

/** Content that goes into the tar-split itself is cut into pieces of this size. */
const inlineBytes = 1024 * 1024;

/**
 * Consumes the entries of one layer's tar, and splits them into input for the pack and a tar-split, from
 * which the tar can be rebuilt.
 */
export class LayerSplitter implements TarConsumer {
  readonly #limits: LayerLimits;
  readonly #tree: LayerTree;
  readonly #split = createTarSplitWriter();
  #tar: Buffer[] = [];
  #inline: Buffer[] = [];
  #inlineBytes = 0;
  #bytes = 0;
  #current: Current | undefined;
  #entries = 0;

  /** `top` is the layer's directory in the pack. */
  constructor(top: string, abilities: Abilities, limits: LayerLimits) {
    this.#limits = limits;
    this.#tree = new LayerTree(top, abilities);
  }

  /** Size of the layer's files, as engines count it (bytes). */
  get size(): number {
    return this.#tree.size;
  }

  /** Number of entries so far, without PAX global headers. */
  get entries(): number {
    return this.#entries;
  }

  /** Name of the current entry, as bytes (`latin1`). */
  get entryName(): string | undefined {
    return this.#current?.entry.name;
  }

  entry(entry: TarEntry, raw: readonly Buffer[]): void {
    this.#split.segment(raw);
    this.#current = { entry, crc: undefined, isInTree: false, expansion: undefined };
    this.#count(entry);
    const header = this.#tree.add(entry);
    const isInTree = header !== undefined && entry.type === 'file';
    const isInline = entry.fragments !== undefined || !isInTree;
    const { fragments, size } = entry;
    this.#current = {
      entry,
      isInTree,
      crc: isInline || size === 0 ? undefined : createCrc64(),
      expansion: isInTree && fragments !== undefined ? expandSparse(fragments, size) : undefined,
    };
    if (header !== undefined) this.#tar.push(header);
    if (isInline) this.#split.file(entry.name);
  }

  content(bytes: Buffer): void {
    const current = this.#current;
    if (current === undefined) return;
    if (current.crc === undefined) this.#keepInline(bytes);
    else current.crc.update(bytes);
    if (current.expansion !== undefined) {
      // Not push(...): a hole of 32 GiB has more pieces than a call takes arguments.
      for (const piece of current.expansion.content(bytes)) this.#tar.push(piece);
    } else if (current.isInTree) this.#tar.push(bytes);
  }

  contentEnd(): void {
    const current = this.#current;
    if (current === undefined) return;
    const { entry, crc, isInTree, expansion } = current;
    this.#flushInline();
    if (expansion !== undefined) for (const piece of expansion.end()) this.#tar.push(piece);
    if (isInTree && entry.size % 512 !== 0) this.#tar.push(tarPadding(entry.size));
    if (crc !== undefined) this.#split.file(entry.name, { size: entry.size, crc: crc.digest() });
    else if (isInTree && entry.fragments === undefined) this.#split.file(entry.name);
    this.#current = undefined;
  }

  trailer(raw: readonly Buffer[]): void {
    for (const bytes of raw) this.#keepInline(bytes);
  }

  /** The output since the last call; a few lines may be held back. */
  take(): SplitLayer {
    return this.#take(this.#split.pendingBytes < inlineBytes / 4 ? Buffer.alloc(0) : this.#split.take());
  }

  /** The remaining output after the end of the tar, with all directories. */
  *finish(): Generator<SplitLayer> {
    this.#flushInline();
    yield this.#take(this.#split.take());
    for (const header of this.#tree.finish()) {
      this.#tar.push(header);
      if (this.#tar.length === 256) yield this.#take(Buffer.alloc(0));
    }
    yield this.#take(Buffer.alloc(0));
  }

  #take(lines: Buffer): SplitLayer {
    const tar = this.#tar;
    this.#tar = [];
    return { tar, lines };
  }

  #count({ type, size, storedSize }: TarEntry): void {
    if (type !== 'global') this.#entries += 1;
    this.#bytes += Math.max(size, storedSize);
    const { maxEntries, maxBytes } = this.#limits;
    if (this.#entries > maxEntries)
      throw new RefusedEntry(`the layer has more than ${String(maxEntries)} entries`);
    if (this.#bytes > maxBytes) throw new RefusedEntry(`the layer has more than ${String(maxBytes)} bytes`);
  }

  #keepInline(bytes: Buffer): void {
    for (let at = 0; at < bytes.length;) {
      const piece = bytes.subarray(at, at + inlineBytes - this.#inlineBytes);
      at += piece.length;
      this.#inline.push(piece);
      this.#inlineBytes += piece.length;
      if (this.#inlineBytes === inlineBytes) this.#flushInline();
    }
  }

  #flushInline(): void {
    if (this.#inlineBytes > 0) this.#split.segment(this.#inline);
    this.#inline = [];
    this.#inlineBytes = 0;
  }
}
