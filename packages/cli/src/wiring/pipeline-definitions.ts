import { readFile } from 'node:fs/promises';
import { UsageError, readAsset, reasonOf } from '@drayage/core';
import type { PipelineDefinitions, PipelineOption, ReleasedFile } from '@drayage/core/pipeline';
import type { CommandSpec } from '../command.ts';
import { defaultText } from '../options/option.ts';
import { optionKeys, optionTable } from '../options/option-table.ts';

/**
 * The input for rendering templates: the option table and the commands.
 * @param checksums path of a file as `sha256sum` writes it, with the released files; undefined: nothing is
 * released yet
 * @throws UsageError `USAGE` if the file cannot be read or parsed
 */
export async function pipelineDefinitions(
  commands: readonly CommandSpec[],
  version: string,
  checksums: string | undefined,
): Promise<PipelineDefinitions> {
  return {
    version,
    files: checksums === undefined ? [] : await readChecksums(checksums),
    options: new Map(pipelineOptions().map((option) => [option.key, option])),
    commands: new Map(
      commands.map(({ name, argument, options }) => [
        name,
        argument?.key === undefined ? options : [...new Set([argument.key, ...options])],
      ]),
    ),
    installScript: await readAsset(import.meta.dirname, 'install.sh'),
  };
}

function pipelineOptions(): readonly PipelineOption[] {
  return optionKeys.map((key) => {
    const { env, type, summary } = optionTable[key];
    const { kind, choices } = type;
    return { key, env, kind, summary, choices, defaultText: defaultText(optionTable[key]) };
  });
}

async function readChecksums(file: string): Promise<readonly ReleasedFile[]> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new UsageError('USAGE', `cannot read checksums ${file}: ${reasonOf(error)}`, { cause: error });
  }
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line, index) => {
    const [, sha256, name] = /^([0-9a-f]{64}) [ *]([\w.@-]+)$/.exec(line) ?? [];
    if (sha256 !== undefined && name !== undefined) return { name, sha256 };
    throw new UsageError(
      'USAGE',
      `cannot read checksums ${file}: line ${String(index + 1)} is not a checksum`,
      {
        hint: 'Create the file with "sha256sum FILE…" in the folder of the files.',
      },
    );
  });
}
