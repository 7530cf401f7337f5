import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DrayError, abortable, hexOf, verifying } from '@drayage/core';
import type { ByteStream } from '@drayage/core';
import type { OpenPackedLayer, PackFilesystem, PackReader } from '@drayage/core/bundle';
import { RefusedEntry } from '../layer/refused.ts';
import { MalformedTarSplit } from '../split/tar-split-reader.ts';
import type { Environment } from '@drayage/host';
import { plainEnvironment } from '../writer/pack-tool.ts';
import { checkLayer } from './check-layer.ts';
import { findExtractor, type Extractor } from './extract.ts';
import { rebuildTar } from './rebuild-tar.ts';
import { treeFiles } from './tree-files.ts';

/** Options for reading packs. */
export interface PackReaderOptions {
  /** The program for squashfs. Default: `unsquashfs`. */
  readonly unsquashfs?: string | undefined;
  /** The program for EROFS. Default: `fsck.erofs`. */
  readonly fsckErofs?: string | undefined;
  /** As {@link PackWriterOptions.env}. */
  readonly env?: Environment | undefined;
}

/**
 * Reads packs with programs of this machine. Implements `PackReader`. Extracts nothing until the first byte
 * is read.
 */
export function createPackReader(options: PackReaderOptions = {}): PackReader {
  const { unsquashfs = 'unsquashfs', fsckErofs = 'fsck.erofs', env = {} } = options;
  const extractorOf = (filesystem: PackFilesystem): Promise<Extractor> =>
    findExtractor(filesystem, { unsquashfs, fsckErofs }, plainEnvironment(env));
  return {
    async checkLayer(request) {
      await checkLayer(await extractorOf(request.filesystem), request);
    },
    async openLayer(request) {
      const extractor = await extractorOf(request.filesystem);
      const { diffId, tarSize } = request.layer;
      const tar = { mediaType: '', digest: diffId, size: tarSize };
      const bytes = abortable(rebuild(extractor, request), request.signal, `rebuild layer ${diffId}`);
      return verifying(bytes, tar, `pack ${request.file}`);
    },
  };
}

async function* rebuild(extractor: Extractor, request: OpenPackedLayer): ByteStream {
  const { layer, tarSplit, workDir } = request;
  const directory = await mkdtemp(join(workDir, `layer-${hexOf(layer.diffId).slice(0, 12)}-`));
  let tarSize = 0;
  try {
    const tree = await extractor.extract(request, directory);
    for await (const chunk of rebuildTar(treeFiles(tree), tarSplit)) {
      tarSize += chunk.length;
      if (tarSize > layer.tarSize) break;
      yield chunk;
    }
    if (tarSize !== layer.tarSize) throw new MalformedTarSplit('the rebuilt tar has a different size');
  } catch (error) {
    if (!(error instanceof MalformedTarSplit || error instanceof RefusedEntry)) throw error;
    throw invalid(request, error);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function invalid({ file, layer: { diffId } }: OpenPackedLayer, error: Error): DrayError {
  return new DrayError('PACK_INVALID', `cannot rebuild layer ${diffId} from pack ${file}: ${error.message}`, {
    hint: 'Run "dray prepull --repack" to make a new pack.',
    cause: error,
    details: { diffId, file },
  });
}
