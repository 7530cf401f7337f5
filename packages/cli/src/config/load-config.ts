import { join, relative, resolve } from 'node:path';
import { optionTable } from '../options/option-table.ts';
import type { OptionKey } from '../options/option.ts';
import { findConfigFile, readConfigFile } from './find-config-file.ts';
import type { ConfigFile } from './parse-config-file.ts';
import { configKeys, resolveConfig, type GivenOption, type ResolvedConfig } from './resolve-config.ts';

/**
 * Reads the configuration file, if any, and resolves every setting.
 * @throws UsageError as `resolveConfig`, `parseConfigFile` and `findConfigFile` do
 */
export async function loadConfig(
  given: ReadonlyMap<OptionKey, GivenOption>,
  { env, cwd }: { readonly env: Readonly<Record<string, string | undefined>>; readonly cwd: string },
): Promise<ResolvedConfig> {
  const named = given.get('configFile')?.texts.at(-1) ?? env[optionTable.configFile.env] ?? '';
  const file = await loadConfigFile(named, cwd);
  return resolveConfig({ given, env, file, cwd });
}

async function loadConfigFile(named: string, cwd: string): Promise<ConfigFile | undefined> {
  const found = named === '' ? await findConfigFile(cwd) : await readConfigFile(resolve(cwd, named));
  if (found === undefined) return undefined;
  // The parser is imported only if there is a file.
  const { parseConfigFile } = await import('./parse-config-file.ts');
  const path = relative(cwd, found.path);
  const label = path.startsWith(join('..', '..')) ? found.path : path;
  return parseConfigFile(found, { label, keys: configKeys });
}
