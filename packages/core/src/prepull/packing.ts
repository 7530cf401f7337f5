import { rm } from 'node:fs/promises';
import { packDocuments } from '../bundle/pack.ts';
import { packMediaTypes, type Pack, type PackFilesystem, type PackedLayer } from '../bundle/pack-types.ts';
import { packedLayers, packsFor } from '../bundle/packed-layers.ts';
import { isDrayError, reasonOf } from '../errors.ts';
import type { Descriptor } from '../image/descriptor.ts';
import { isDigest, type Digest } from '../image/digest.ts';
import type { PackSource, PackWriter } from '../pack-writer.ts';
import { throwIfAborted } from '../store/abort.ts';
import type { PackStore } from '../store/pack-store.ts';
import { putBytes } from '../store/put-bytes.ts';
import type { BundleContext, ExpectedLayer } from './bundle-context.ts';

/** How a pre-pull makes packs. */
export interface PackingOptions {
  /** `packs`: instead of layers; `both`: beside them. */
  readonly form: 'packs' | 'both';
  readonly filesystem: PackFilesystem;
  readonly writer: PackWriter;
  /** Build one new pack of everything, replacing earlier packs. */
  readonly repack: boolean;
  /** The store of the bundle's directory. */
  readonly store: PackStore;
}

export interface PackingResult {
  /** The packs that hold layers of this run's images: earlier ones, then the new one. */
  readonly packs: readonly Pack[];
  /** The layers that no pack holds. */
  readonly unpacked: ReadonlySet<Digest>;
}

/**
 * Makes one pack of the announced layers that no pack holds yet. Starts when every image has announced its
 * layers or failed; layers may still be arriving.
 */
export class Packing {
  readonly #options: PackingOptions;
  readonly #context: BundleContext;
  readonly #earlier: readonly Pack[];
  readonly #expected = new Map<Digest, ExpectedLayer>();
  #undecided: number;
  #begin: () => void = () => undefined;
  /** Never rejects unless aborted: layers that cannot be packed stay as they are. */
  readonly result: Promise<PackingResult>;

  constructor(options: PackingOptions, context: BundleContext, earlier: readonly Pack[], images: number) {
    this.#options = options;
    this.#context = context;
    this.#earlier = earlier;
    this.#undecided = images;
    const begun = new Promise<void>((resolve) => {
      this.#begin = resolve;
    });
    this.result = begun.then(() => this.#pack());
    // Suppresses unhandledRejection; awaiters still reject.
    this.result.catch(() => undefined);
    if (images === 0) this.#begin();
  }

  /** Announces all layers of one image. */
  announce(layers: readonly ExpectedLayer[]): void {
    for (const layer of layers)
      if (!this.#expected.has(layer.diffId)) this.#expected.set(layer.diffId, layer);
    this.giveUp();
  }

  /** Call for one image instead of {@link announce}: its layers will stay unknown. */
  giveUp(): void {
    this.#undecided -= 1;
    if (this.#undecided === 0) this.#begin();
  }

  /** All announced layers, each once. */
  layers(): readonly ExpectedLayer[] {
    return [...this.#expected.values()];
  }

  async #pack(): Promise<PackingResult> {
    const known = packedLayers(this.#earlier);
    const wanted = [...this.#expected.values()].filter(({ diffId }) => !known.has(diffId));
    const made = wanted.length === 0 ? undefined : await this.#tryPack(inOrder(wanted));
    const packs = made === undefined ? this.#earlier : [...this.#earlier, made];
    const { packs: used, lacking } = packsFor([...this.#expected.keys()], packedLayers(packs));
    return { packs: used, unpacked: new Set(lacking) };
  }

  async #tryPack(layers: readonly ExpectedLayer[]): Promise<Pack | undefined> {
    const { emit, signal } = this.#context;
    const unsupported = new Set<Digest>();
    for (;;) {
      try {
        return await this.#write(layers.filter(({ diffId }) => !unsupported.has(diffId)));
      } catch (error) {
        throwIfAborted(signal, 'make a pack');
        const diffId = unsupportedLayer(error);
        if (diffId === undefined || unsupported.has(diffId)) {
          emit({
            type: 'warning',
            message: `cannot make a pack, so images keep their layers: ${reasonOf(error)}`,
          });
          return undefined;
        }
        unsupported.add(diffId);
        emit({
          type: 'warning',
          message: `cannot pack one layer, so it is kept as it is: ${reasonOf(error)}`,
        });
      }
    }
  }

  async #write(layers: readonly ExpectedLayer[]): Promise<Pack | undefined> {
    const { writer, filesystem, store } = this.#options;
    const { emit, signal } = this.#context;
    const startedAt = performance.now();
    const file = await store.newFile();
    const written = await writer.write({
      filesystem,
      layers: this.#arriving(layers),
      file,
      ingest: store,
      onProgress: (count) => emit({ type: 'packing', count }),
      signal,
    });
    if (written.length === 0) {
      await rm(file, { force: true });
      return undefined;
    }
    const { digest, size } = await store.adopt(file, signal);
    const pack = await this.#describe({ mediaType: packMediaTypes[filesystem], digest, size }, written);
    const ms = Math.round(performance.now() - startedAt);
    emit({ type: 'pack', digest: pack.manifest.digest, bytes: size, layers: written.length, ms });
    return pack;
  }

  /** Skips layers that do not arrive; their image reports the error. */
  async *#arriving(layers: readonly ExpectedLayer[]): AsyncGenerator<PackSource> {
    const { blobs, signal } = this.#context;
    for (const { diffId, layer, arrived } of layers) {
      const isThere = await arrived.then(
        () => true,
        () => false,
      );
      if (!isThere) continue;
      const open: PackSource['open'] = () => blobs.open(layer, { signal });
      yield { diffId, layer, open };
    }
  }

  async #describe(image: Descriptor, layers: readonly PackedLayer[]): Promise<Pack> {
    const { filesystem } = this.#options;
    const { config, manifest } = packDocuments(image, filesystem, layers);
    await putBytes(this.#context.blobs, config);
    await putBytes(this.#context.blobs, manifest);
    return { manifest: manifest.descriptor, config: config.descriptor, image, filesystem, layers };
  }
}

/** Small layers first, since they arrive first. The order of the same layers never changes. */
function inOrder(layers: readonly ExpectedLayer[]): readonly ExpectedLayer[] {
  return layers.toSorted((a, b) => a.layer.size - b.layer.size || (a.diffId < b.diffId ? -1 : 1));
}

function unsupportedLayer(error: unknown): Digest | undefined {
  if (!isDrayError(error, 'PACK_LAYER_UNSUPPORTED')) return undefined;
  const diffId = error.details['diffId'];
  return typeof diffId === 'string' && isDigest(diffId) ? diffId : undefined;
}
