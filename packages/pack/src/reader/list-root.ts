import { DrayError } from '@drayage/core';
import type { PackFilesystem, PackRootEntry, PackRootLister } from '@drayage/core/bundle';
import { lastWords, runProgram, type Environment } from '@drayage/host';
import { plainEnvironment, requireTool, type NeededTool } from '../writer/pack-tool.ts';
import { parseErofsRoot, parseSquashfsRoot, squashfsTop } from './root-listing.ts';

// Enough for ten thousand layers (1.2 MB), more than a pack can have.
const maxOutput = 16 * 1024 ** 2;

/** Options for listing the roots of packs. */
export interface PackRootListerOptions {
  /** The program for squashfs. Default: `unsquashfs`, 4.5 or newer. */
  readonly unsquashfs?: string | undefined;
  /**
   * The program for EROFS. Default: `dump.erofs`, 1.8 or newer. It lists the types in directories and does
   * not notice if one is wrong.
   */
  readonly dumpErofs?: string | undefined;
  /** As {@link PackWriterOptions.env}. */
  readonly env?: Environment | undefined;
}

interface Listing {
  readonly tool: NeededTool;
  readonly argsFor: (file: string) => readonly string[];
  readonly parse: (printed: string) => readonly PackRootEntry[];
}

/** Lists the roots of packs with programs of this machine, without mounting. Implements `PackRootLister`. */
export function createPackRootLister(options: PackRootListerOptions = {}): PackRootLister {
  const env = plainEnvironment(options.env ?? {});
  return {
    async listRoot(file, filesystem, signal) {
      const { tool, argsFor, parse } = listingOf(filesystem, options);
      await requireTool(tool, env);
      const result = await runProgram([tool.command, ...argsFor(file)], { env, maxOutput, signal });
      if (result.exitCode === 0) return parse(result.stdout);
      const reason = lastWords(result) || `exit code ${result.exitCode}`;
      throw new DrayError('PACK_INVALID', `cannot list the root of pack ${file}: ${reason}`, {
        hint: 'Run "dray prepull --repack" to make a new pack.',
        cause: result.startError,
        details: { file },
      });
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
          // The first version that can stop below the root.
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
