import { mkdir } from 'node:fs/promises';
import { DrayError, hexOf } from '@drayage/core';
import type { OpenPackedLayer, PackFilesystem } from '@drayage/core/bundle';
import { lastWords, runProgram, type ProgramResult } from '@drayage/host';
import { requireTool, type NeededTool } from '../writer/pack-tool.ts';
import { layerDirectory } from './layer-directory.ts';
import { makeReadable } from './make-readable.ts';

/** A program that takes directories out of packs. */
export interface Extractor {
  /** Puts a layer's files below `into`, as far as this user may create them. Returns the layer's directory. @throws DrayError `PACK_INVALID`, `ABORTED` */
  extract(layer: OpenPackedLayer, into: string): Promise<string>;
}

export interface ExtractorPrograms {
  readonly unsquashfs: string;
  readonly fsckErofs: string;
}

/** The program for one kind of pack. @throws DrayError `PACK_TOOL_MISSING` */
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
      // The layer's own directory is the only one that the program must make itself.
      if (!isSquashfs) await mkdir(directory);
      const argv = [needed.command, ...argsFor(request, directory)];
      const result = await runProgram(argv, { env, signal: request.signal });
      // unsquashfs ends with 2 when it could not create something, such as a device: a missing file shows later.
      if (result.exitCode !== 0 && !(isSquashfs && result.exitCode === 2))
        throw extractError(request, result);
      // For root no mode is in the way.
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

function extractError({ file, layer }: OpenPackedLayer, result: ProgramResult): DrayError {
  const reason = lastWords(result) || `exit code ${result.exitCode}`;
  return new DrayError('PACK_INVALID', `cannot extract layer ${layer.diffId} from pack ${file}: ${reason}`, {
    hint: 'Run "dray prepull --repack" to make the pack anew.',
    cause: result.startError,
    details: { diffId: layer.diffId, file },
  });
}
