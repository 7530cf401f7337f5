import { createHash, type Hash } from 'node:crypto';
import { LayerSplitter } from '../layer/layer-splitter.ts';
import { defaultLimits } from '../layer/limits.ts';
import { abilities } from '../layer/xattrs.ts';
import { entryPath } from '../layer/entry-path.ts';
import { TarParser, type TarConsumer } from '../tar/tar-parser.ts';
import type { TarEntry } from '../tar/tar-entry.ts';

/** One name of the tree that a layer makes. */
export interface ExpectedNode {
  readonly entry: TarEntry;
  /** Of a hard link: the path of the file. */
  readonly target: string | undefined;
}

/** The tree that a layer's tar makes in a pack, by path ('' is the layer's own directory). */
export interface ExpectedTree {
  readonly nodes: ReadonlyMap<string, ExpectedNode>;
  /** Where in the tar the content of files begins: of those that have any and are not sparse. */
  readonly offsets: ReadonlyMap<string, number>;
  /** SHA-256 of sparse files, holes included, in hex. */
  readonly sparse: ReadonlyMap<string, string>;
}

/**
 * Takes the tar of a layer, and tells what tree a pack must have for it: by the same rules that packs are
 * made by.
 */
export class TreeExpectation {
  readonly #top: string;
  readonly #offsets = new Map<string, number>();
  readonly #sparse = new Map<string, Hash>();
  readonly #nodes = new Map<string, ExpectedNode>();
  readonly #splitter: LayerSplitter;
  readonly #layer: TarParser;
  readonly #tree: TarParser;
  #offset = 0;
  #hash: Hash | undefined;

  /** `top` is the layer's directory in the pack. */
  constructor(top: string) {
    this.#top = top;
    this.#splitter = new LayerSplitter(top, abilities.squashfs, defaultLimits);
    this.#layer = new TarParser(this.#layerConsumer());
    this.#tree = new TarParser(this.#treeConsumer());
  }

  /** Takes the next bytes of the tar. @throws MalformedTar, RefusedEntry */
  push(bytes: Buffer): void {
    this.#layer.push(bytes);
    this.#pass(this.#splitter.take().tar);
  }

  /** @throws MalformedTar, RefusedEntry */
  finish(): ExpectedTree {
    this.#layer.end();
    for (const { tar } of this.#splitter.finish()) this.#pass(tar);
    this.#tree.end();
    const sparse = [...this.#sparse].map(([path, hash]) => [path, hash.digest('hex')] as const);
    return { nodes: this.#nodes, offsets: this.#offsets, sparse: new Map(sparse) };
  }

  #pass(tar: readonly Buffer[]): void {
    for (const bytes of tar) this.#tree.push(bytes);
  }

  /** Hears the layer's own tar. */
  #layerConsumer(): TarConsumer {
    const splitter = this.#splitter;
    return {
      entry: (entry, raw) => {
        this.#offset += totalBytes(raw);
        if (entry.type === 'file' && entry.size > 0) {
          const path = entryPath(entry.name);
          if (entry.fragments === undefined) this.#offsets.set(path, this.#offset);
          else this.#sparse.set(path, createHash('sha256'));
        }
        splitter.entry(entry, raw);
      },
      content: (bytes) => {
        this.#offset += bytes.length;
        splitter.content(bytes);
      },
      contentEnd: () => splitter.contentEnd(),
      trailer: (raw) => {
        this.#offset += totalBytes(raw);
        splitter.trailer(raw);
      },
    };
  }

  /** Hears what would go into the pack. */
  #treeConsumer(): TarConsumer {
    return {
      entry: (entry) => {
        const path = this.#pathOf(entry.name);
        const target = entry.type === 'hardlink' ? this.#fileAt(entry.linkName) : undefined;
        this.#nodes.set(path, { entry, target });
        this.#hash = entry.type === 'file' ? this.#sparse.get(path) : undefined;
      },
      content: (bytes) => {
        this.#hash?.update(bytes);
      },
      contentEnd: () => {
        this.#hash = undefined;
      },
      trailer: () => undefined,
    };
  }

  /** A link may lead to another link, which came before. */
  #fileAt(name: string): string {
    const path = this.#pathOf(name);
    return this.#nodes.get(path)?.target ?? path;
  }

  #pathOf(name: string): string {
    return name.slice(this.#top.length + 1).replace(/\/$/, '');
  }
}

function totalBytes(raw: readonly Buffer[]): number {
  return raw.reduce((sum, bytes) => sum + bytes.length, 0);
}
