import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { PackFilesystem, PackRootEntry, PackRootLister } from '@drayage/core';
import { DrayError, abortError, reasonOf } from '@drayage/core';
import { plainEnvironment, requireTool, type NeededTool, type ToolEnvironment } from '../writer/pack-tool.ts';
import { parseErofsRoot, parseSquashfsRoot, squashfsTop } from './root-listing.ts';

const execute = promisify(execFile);

// Ten thousand layers, more than a pack can have, take 1.2 MB.
const maxBuffer = 16 * 1024 ** 2;

/** How the roots of packs are listed. */
export interface PackRootListerOptions {
  /** The program for squashfs, default `unsquashfs`; 4.5 or newer. */
  readonly unsquashfs?: string | undefined;
  /**
   * The program for EROFS, default `dump.erofs`; 1.8 or newer. It lists the types of entries, and cannot see
   * that one is a lie.
   */
  readonly dumpErofs?: string | undefined;
  /** As {@link PackWriterOptions.env}. */
  readonly env?: ToolEnvironment | undefined;
}

interface Listing {
  readonly tool: NeededTool;
  readonly argsFor: (file: string) => readonly string[];
  readonly parse: (printed: string) => readonly PackRootEntry[];
}

/**
 * Lists the roots of packs with the programs of this machine, without mounting them; the contract is that of
 * `PackRootLister`.
 */
export function createPackRootLister(options: PackRootListerOptions = {}): PackRootLister {
  const env = plainEnvironment(options.env ?? {});
  return {
    async listRoot(file, filesystem, signal) {
      const { tool, argsFor, parse } = listingOf(filesystem, options);
      await requireTool(tool, env);
      try {
        const { stdout } = await execute(tool.command, argsFor(file), { env, maxBuffer, signal });
        return parse(stdout);
      } catch (error) {
        const what = `list the root of pack ${file}`;
        if (signal?.aborted === true) throw abortError(signal, what);
        throw new DrayError('PACK_INVALID', `cannot ${what}: ${reasonOf(error)}`, {
          hint: 'Run "dray prepull --repack" to make the pack anew.',
          cause: error,
          details: { file },
        });
      }
    },
  };
}

function listingOf(
  filesystem: PackFilesystem,
  { unsquashfs = 'unsquashfs', dumpErofs = 'dump.erofs' }: PackRootListerOptions,
): Listing {
  const purpose = 'list the root of a pack';
  switch (filesystem) {
    case 'squashfs':
      return {
        tool: {
          ...{ command: unsquashfs, versionArgs: ['-version'], packageName: 'squashfs-tools', purpose },
          // The first that can stop below the root.
          least: [4, 5],
        },
        argsFor: (file) => ['-lln', '-max-depth', '1', '-dest', squashfsTop, file],
        parse: parseSquashfsRoot,
      };
    case 'erofs':
      return {
        tool: {
          ...{ command: dumpErofs, versionArgs: ['-V'], packageName: 'erofs-utils', purpose },
          least: [1, 8],
        },
        argsFor: (file) => ['--ls', '--path=/', file],
        parse: parseErofsRoot,
      };
  }
}
