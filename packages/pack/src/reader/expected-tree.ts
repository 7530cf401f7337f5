import { createHash, type Hash } from 'node:crypto';
import type { PackFilesystem } from '@drayage/core/bundle';
import { LayerSplitter } from '../layer/layer-splitter.ts';
import { defaultLimits } from '../layer/limits.ts';
import { abilities } from '../layer/xattrs.ts';
import { entryPath } from '../layer/entry-path.ts';
import { TarParser, type TarConsumer } from '../tar/tar-parser.ts';
import type { TarEntry } from '../tar/tar-entry.ts';

/** One path of the tree that a layer makes. */
export interface ExpectedNode {
  readonly entry: TarEntry;
  /** For a hard link: the path of its file. */
  readonly target: string | undefined;
}

/** The tree that a layer's tar makes in a pack, by path ('' is the layer's directory). */
export interface ExpectedTree {
  readonly nodes: ReadonlyMap<string, ExpectedNode>;
  /** Offset in the tar of each file's content, for files that are neither empty nor sparse. */
  readonly offsets: ReadonlyMap<string, number>;
  /** SHA-256 of each sparse file including holes, in hex. */
  readonly sparse: ReadonlyMap<string, string>;
}

/**
 * Reads the tar of a layer and builds the tree that a pack must have for it, with the code that writes packs.
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
  constructor(top: string, filesystem: PackFilesystem) {
    this.#top = top;
    this.#splitter = new LayerSplitter(top, abilities[filesystem], defaultLimits);
    this.#layer = new TarParser(this.#layerConsumer());
    this.#tree = new TarParser(this.#treeConsumer());
  }

  /** Reads the next bytes of the tar. @throws MalformedTar, RefusedEntry */
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

  /** Consumes the layer's own tar. */
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

  /** Consumes the tar that would go into the pack. */
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

  /** A link may refer to an earlier link. */
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
