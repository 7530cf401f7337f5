import { optionTable } from '../options/option-table.ts';
import type { CommandSpec } from '../command.ts';
import type { OptionKey } from '../options/option.ts';
import { resolveConfig, type GivenOption, type ResolvedConfig } from './resolve-config.ts';

/**
 * The settings of a command that is a step of a CI job: reads only its own options, and no file. The command
 * that it runs validates everything else, and the step can record its failure.
 * @throws UsageError as `resolveConfig` does
 */
export function stepConfig(
  { options }: Pick<CommandSpec, 'options'>,
  given: ReadonlyMap<OptionKey, GivenOption>,
  { env, cwd }: { readonly env: Readonly<Record<string, string | undefined>>; readonly cwd: string },
): ResolvedConfig {
  const names = options.flatMap((key) => [optionTable[key].env, ...(optionTable[key].otherEnv ?? [])]);
  const own = Object.fromEntries(names.map((name) => [name, env[name]]));
  return resolveConfig({ given, env: own, file: undefined, cwd });
}
