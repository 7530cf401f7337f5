import { mkdir } from 'node:fs/promises';
import { DrayError, abortError, hexOf, reasonOf } from '@drayage/core';
import type { OpenPackedLayer, PackFilesystem } from '@drayage/core/bundle';
import { requireTool, type NeededTool } from '../writer/pack-tool.ts';
import { runBounded, spaceIn, type BoundedEnd } from './bounded-process.ts';
import { layerDirectory } from './layer-directory.ts';
import { makeReadable } from './make-readable.ts';

/** Extracts layers from packs. */
export interface Extractor {
  /**
   * Extracts a layer's files below `into`, as far as this user may create them, and never more bytes than the
   * pack declares. Returns the layer's directory.
   * @throws DrayError `PACK_INVALID`, `DISK_FULL`, `ABORTED`
   */
  extract(layer: OpenPackedLayer, into: string): Promise<string>;
}

export interface ExtractorPrograms {
  readonly unsquashfs: string;
  readonly fsckErofs: string;
}

/** Finds the program for one kind of pack. @throws DrayError `PACK_TOOL_MISSING` */
export async function findExtractor(
  filesystem: PackFilesystem,
  programs: ExtractorPrograms,
  env: Readonly<Record<string, string>>,
): Promise<Extractor> {
  const isSquashfs = filesystem === 'squashfs';
  const needed = isSquashfs ? squashfs(programs.unsquashfs) : erofs(programs.fsckErofs);
  await requireTool(needed, env);
  const argsFor = isSquashfs ? squashfsArgs : erofsArgs;
  return {
    async extract(request, into) {
      const directory = `${into}/tree`;
      const extent = extentOf(isSquashfs ? [request.layer] : request.packLayers);
      await requireSpace(request, extent, into);
      // The program itself creates no directory but the layer's.
      if (!isSquashfs) await mkdir(directory);
      const end = await runBounded({
        command: needed.command,
        args: argsFor(request, directory),
        env,
        bounds: { maxFileBytes: extent.size, maxBytes: extent.size, directory: into },
        signal: request.signal,
      });
      if (!isWhole(end, isSquashfs)) throw extractError(request, end, extent.size);
      // Root can read files of any mode.
      if (process.getuid?.() !== 0) await makeReadable(Buffer.from(directory));
      return layerDirectory(request, directory);
    },
  };
}

function squashfs(command: string): NeededTool {
  const packageName = 'squashfs-tools';
  return { command, versionArgs: ['-version'], least: [4, 4], packageName, purpose: 'read a squashfs pack' };
}

function erofs(command: string): NeededTool {
  const packageName = 'erofs-utils';
  return { command, versionArgs: ['-V'], least: [1, 8], packageName, purpose: 'read an EROFS pack' };
}

function squashfsArgs({ file, layer }: OpenPackedLayer, directory: string): readonly string[] {
  const caches = ['-data-queue', '16', '-frag-queue', '16', '-processors', '2'];
  return ['-no-xattrs', '-no-progress', ...caches, '-dest', directory, file, hexOf(layer.diffId)];
}

function erofsArgs({ file }: OpenPackedLayer, directory: string): readonly string[] {
  return [`--extract=${directory}`, '--no-preserve', file];
}

/**
 * `unsquashfs` exits with 2 if it could not create some entry, such as a device. That only matters if a file
 * is missing later.
 */
function isWhole(end: BoundedEnd, isSquashfs: boolean): boolean {
  return end.kind === 'exited' && (end.status === 0 || (isSquashfs && end.status === 2));
}

type Extent = Pick<OpenPackedLayer['layer'], 'size' | 'tarSize'>;

function extentOf(layers: readonly Extent[]): Extent {
  return {
    size: layers.reduce((sum, { size }) => sum + size, 0),
    tarSize: layers.reduce((sum, { tarSize }) => sum + tarSize, 0),
  };
}

/** Only bytes outside of holes need space: no more than the layer's tar has. */
async function requireSpace(
  request: OpenPackedLayer,
  { size, tarSize }: Extent,
  into: string,
): Promise<void> {
  const needed = Math.min(size, tarSize);
  const free = await spaceIn(into);
  if (free >= needed) return;
  const reason = `it needs ${String(needed)} bytes, but ${into} has ${String(free)} available`;
  throw diskFull(request, reason);
}

function extractError(request: OpenPackedLayer, end: BoundedEnd, bytes: number): DrayError {
  const { file, layer, signal } = request;
  const what = `extract layer ${layer.diffId} from pack ${file}`;
  if (signal !== undefined && (end.kind === 'aborted' || signal.aborted)) return abortError(signal, what);
  if (end.kind === 'full') return diskFull(request, 'the disk is full');
  const reason =
    end.kind === 'exited'
      ? reasonOf(end)
      : `its files are larger than the ${String(bytes)} bytes that the pack declares`;
  return new DrayError('PACK_INVALID', `cannot ${what}: ${reason}`, {
    hint: 'Run "dray prepull --repack" to make a new pack.',
    details: { diffId: layer.diffId, file },
  });
}

function diskFull({ file, layer }: OpenPackedLayer, reason: string): DrayError {
  return new DrayError('DISK_FULL', `cannot extract layer ${layer.diffId} from pack ${file}: ${reason}`, {
    hint: 'Free disk space, or mount the pack if possible.',
    details: { diffId: layer.diffId, file },
  });
}
