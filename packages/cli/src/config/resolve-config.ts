import { isAbsolute, join, relative } from 'node:path';
import { UsageError } from '@drayage/core';
import { optionKeys, optionTable } from '../options/option-table.ts';
import type { Config, OptionDefinition, OptionKey } from '../options/option.ts';
import type { OptionType } from '../options/option-type.ts';
import { invalidSetting, readTexts } from '../options/read-setting.ts';
import type { ConfigFile } from './parse-config-file.ts';
import type { Setting } from '../options/setting.ts';
import { variableSetting } from './variable-setting.ts';

/** An option on the command line. */
export interface GivenOption {
  /** For messages: `--timeout`; empty if the text is clear without it. */
  readonly place: string;
  readonly texts: readonly string[];
}

/** All sources of settings. */
export interface ConfigSources {
  readonly given: ReadonlyMap<OptionKey, GivenOption>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly file: ConfigFile | undefined;
  /** The base of relative paths in the result. */
  readonly cwd: string;
}

export interface ResolvedConfig {
  readonly config: Config;
  /**
   * The origin of each setting that is not a default: `--timeout`, `DRAY_TIMEOUT`, `.dray.yml:4: timeout`.
   */
  readonly origins: ReadonlyMap<OptionKey, string>;
  /** The directory of the configuration file, or else the working directory. */
  readonly dir: string;
}

/**
 * Resolves every setting. Precedence: command line, `DRAY_…`, configuration file, variables of the CI system,
 * default. Validates every setting, including those that the command does not use.
 * @throws UsageError `USAGE`, `CONFIG_INVALID`, `REFERENCE_INVALID`, `PLATFORM_INVALID`; the message names
 * the place of the value
 */
export function resolveConfig(sources: ConfigSources): ResolvedConfig {
  const origins = new Map<OptionKey, string>();
  const read = <Key extends OptionKey>(key: Key): Config[Key] => {
    const definition: OptionDefinition<Config[Key]> = optionTable[key];
    const values = candidates(sources, key, definition).map((candidate) => ({
      origin: candidate.place === '' ? 'the command line' : candidate.place,
      value: parseCandidate(definition.type, candidate, sources.cwd),
    }));
    const [winner] = values;
    if (winner === undefined) return definition.default;
    origins.set(key, winner.origin);
    return winner.value;
  };
  const config = Object.fromEntries(optionKeys.map((key) => [key, read(key)]));
  if (!isComplete(config)) throw new Error('the option table lacks a setting');
  return { config, origins, dir: sources.file?.dir ?? sources.cwd };
}

/** The type of the option table makes sure that each value has the type of its setting. */
function isComplete(config: object): config is Config {
  return optionKeys.every((key) => key in config);
}

/** The keys of a configuration file. */
export const configKeys: readonly string[] = optionKeys
  .map((key) => optionTable[key].configKey)
  .filter((name) => name !== undefined);

interface Candidate {
  /** For messages; empty if the text is clear without it. */
  readonly place: string;
  readonly setting: Setting;
  /** The base directory of relative paths; undefined: the working directory. */
  readonly base?: string | undefined;
  /** The error code for an invalid value. */
  readonly code: 'USAGE' | 'CONFIG_INVALID';
}

/** The places that set an option, in order of precedence. Empty variables and empty lists set nothing. */
function candidates(
  { given, env, file }: ConfigSources,
  key: OptionKey,
  {
    env: name,
    otherEnv,
    configKey,
    type,
  }: Pick<OptionDefinition<unknown>, 'env' | 'otherEnv' | 'configKey'> & {
    readonly type: Pick<OptionType<unknown>, 'kind'>;
  },
): readonly Candidate[] {
  const line = given.get(key);
  const entry = configKey === undefined ? undefined : file?.entries.get(configKey);
  return [
    ...(line === undefined ? [] : [fromLine(line)]),
    ...fromEnv(env, name, type),
    ...(entry === undefined || file === undefined
      ? []
      : [{ place: entry.place, setting: entry, code: 'CONFIG_INVALID', base: file.dir } as const]),
    ...(otherEnv ?? []).flatMap((other) => fromEnv(env, other, type)),
  ];
}

function fromLine({ place, texts }: GivenOption): Candidate {
  const items = texts.map((text) => ({ kind: 'text', place, text }) as const);
  return { place, setting: { kind: 'list', place, items }, code: 'USAGE' };
}

function fromEnv(
  env: ConfigSources['env'],
  name: string,
  { kind }: Pick<OptionType<unknown>, 'kind'>,
): readonly Candidate[] {
  const setting = variableSetting(name, env[name] ?? '', kind);
  return setting === undefined ? [] : [{ place: name, setting, code: 'CONFIG_INVALID' }];
}

function parseCandidate<Value>(type: OptionType<Value>, candidate: Candidate, cwd: string): Value {
  const { setting, base } = candidate;
  const relocate = (path: string): string => (base === undefined ? path : relocated(path, base, cwd));
  try {
    if (type.read !== undefined) return type.read(setting, { dir: base, relocate });
    const text = flatText(type, candidate);
    const isPath = type.isPath === true && type.words?.includes(text) !== true;
    return type.parse(isPath ? relocate(text) : text);
  } catch (error) {
    throw error instanceof UsageError ? located(candidate, error) : error;
  }
}

/** The single text of a setting. If an option is repeated on the command line, the last value counts. */
function flatText({ kind }: OptionType<unknown>, { setting, base }: Candidate): string {
  if (setting.kind === 'map') {
    throw invalidSetting(setting, 'expected a string, a number, true, false or a list of strings', {
      hint: 'Remove the map under this key.',
    });
  }
  const texts = readTexts(setting).map(({ text }) => text);
  if (kind === 'list') return texts.join('\n');
  if (setting.kind === 'list' && base !== undefined)
    throw invalidSetting(setting, 'expected one value, got a list');
  return texts.at(-1) ?? '';
}

/** Resolves a path relative to the file that contains it. URLs and absolute paths are unchanged. */
function relocated(text: string, base: string, cwd: string): string {
  if (text === '' || isAbsolute(text) || /^[a-z][a-z0-9+.-]+:\/\//i.test(text)) return text;
  const path = relative(cwd, join(base, text));
  return path === '' ? '.' : path;
}

/** Adds the place of the setting to an error that does not name one yet. */
function located({ place, code }: Candidate, error: UsageError): UsageError {
  const isPlaced = place === '' || error.details['place'] !== undefined;
  return new UsageError(codeOf(error, code), isPlaced ? error.message : `${place}: ${error.message}`, {
    cause: error,
    details: { ...(place === '' ? {} : { place }), ...error.details },
    hint: error.hint,
  });
}

/** Turns any error about the command line into wrong usage. */
function codeOf({ code }: UsageError, wanted: Candidate['code']): UsageError['code'] {
  return code === 'USAGE' || code === 'CONFIG_INVALID' ? wanted : code;
}
