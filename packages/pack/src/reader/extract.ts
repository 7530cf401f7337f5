import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { OpenPackedLayer, PackFilesystem } from '@drayage/core';
import { DrayError, abortError, hexOf, reasonOf } from '@drayage/core';
import { requireTool, type NeededTool } from '../writer/pack-tool.ts';
import { layerDirectory } from './layer-directory.ts';
import { makeReadable } from './make-readable.ts';

const execute = promisify(execFile);

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
      try {
        await execute(needed.command, argsFor(request, directory), { env, signal: request.signal });
      } catch (error) {
        if (!isNonfatal(error, isSquashfs)) throw extractError(request, error);
      }
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

/** `unsquashfs` ends with 2 when it could not make something, such as a device: that matters only where a file is missed. */
function isNonfatal(error: unknown, isSquashfs: boolean): boolean {
  return isSquashfs && typeof error === 'object' && error !== null && 'code' in error && error.code === 2;
}

function extractError({ file, layer, signal }: OpenPackedLayer, error: unknown): DrayError {
  const what = `extract layer ${layer.diffId} from pack ${file}`;
  if (signal?.aborted === true) return abortError(signal, what);
  return new DrayError('PACK_INVALID', `cannot ${what}: ${reasonOf(error)}`, {
    hint: 'Run "dray prepull --repack" to make the pack anew.',
    cause: error,
    details: { diffId: layer.diffId, file },
  });
}
