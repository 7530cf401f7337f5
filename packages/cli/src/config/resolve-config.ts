import { isAbsolute, join, relative } from 'node:path';
import { UsageError } from '@drayage/core';
import { optionKeys, optionTable } from '../options/option-table.ts';
import type { Config, OptionDefinition, OptionKey } from '../options/option.ts';
import type { OptionType } from '../options/option-type.ts';
import type { ConfigFile } from './parse-config-file.ts';

/** What the command line says about one option. */
export interface GivenOption {
  /** For messages: `--timeout`; empty where the text speaks for itself. */
  readonly place: string;
  readonly texts: readonly string[];
}

/** Everything settings can come from. */
export interface ConfigSources {
  readonly given: ReadonlyMap<OptionKey, GivenOption>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly file: ConfigFile | undefined;
  /** Paths are made relative to it. */
  readonly cwd: string;
}

export interface ResolvedConfig {
  readonly config: Config;
  /** Where each setting that is no default comes from: `--timeout`, `DRAY_TIMEOUT`, `.dray.yml:4: timeout`. */
  readonly origins: ReadonlyMap<OptionKey, string>;
}

/**
 * Settles every setting: the command line beats `DRAY_…`, which beats the file, which beats the CI system's variables, which beat the
 * default. All that is set is checked, whether or not the command uses it.
 * @throws UsageError `USAGE`, `CONFIG_INVALID`, `REFERENCE_INVALID`, `PLATFORM_INVALID`, naming the place of the value
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
  const config: Config = {
    images: read('images'),
    optional: read('optional'),
    only: read('only'),
    bundle: read('bundle'),
    handover: read('handover'),
    platform: read('platform'),
    insecureRegistries: read('insecureRegistries'),
    caFile: read('caFile'),
    concurrency: read('concurrency'),
    delivery: read('delivery'),
    onMiss: read('onMiss'),
    timeoutMs: read('timeoutMs'),
    graceMs: read('graceMs'),
    settled: read('settled'),
    strict: read('strict'),
    pipeline: read('pipeline'),
    configFile: read('configFile'),
    json: read('json'),
    verbose: read('verbose'),
  };
  return { config, origins };
}

/** The names that a configuration file may use. */
export const configKeys: readonly string[] = optionKeys
  .map((key) => optionTable[key].configKey)
  .filter((name) => name !== undefined);

interface Candidate extends GivenOption {
  /** Directory that relative paths start from, where it is not the current one. */
  readonly base?: string;
  /** The code of a mistake in it. */
  readonly code: 'USAGE' | 'CONFIG_INVALID';
  readonly isList: boolean;
}

/** The places that set an option, best first. An empty variable sets nothing. */
function candidates(
  { given, env, file }: ConfigSources,
  key: OptionKey,
  { env: name, otherEnv, configKey }: Pick<OptionDefinition<unknown>, 'env' | 'otherEnv' | 'configKey'>,
): readonly Candidate[] {
  const line = given.get(key);
  const entry = configKey === undefined ? undefined : file?.entries.get(configKey);
  return [
    ...(line === undefined ? [] : [{ ...line, code: 'USAGE', isList: false } as const]),
    ...fromEnv(env, name),
    ...(entry === undefined
      ? []
      : [{ ...entry, code: 'CONFIG_INVALID', ...(file === undefined ? {} : { base: file.dir }) } as const]),
    ...(otherEnv ?? []).flatMap((other) => fromEnv(env, other)),
  ];
}

function fromEnv(env: ConfigSources['env'], name: string): readonly Candidate[] {
  const text = env[name] ?? '';
  return text.trim() === '' ? [] : [{ place: name, texts: [text], code: 'CONFIG_INVALID', isList: false }];
}

function parseCandidate<Value>(type: OptionType<Value>, candidate: Candidate, cwd: string): Value {
  const { texts, base, isList } = candidate;
  if (isList && type.kind !== 'list')
    throw located(candidate, new UsageError('USAGE', 'expected one value, got a list'));
  const text = type.kind === 'list' ? texts.join('\n') : (texts.at(-1) ?? '');
  try {
    return type.parse(type.isPath === true && base !== undefined ? relocated(text, base, cwd) : text);
  } catch (error) {
    throw error instanceof UsageError ? located(candidate, error) : error;
  }
}

/** A path in a file means a place beside that file. URLs and absolute paths stay as they are. */
function relocated(text: string, base: string, cwd: string): string {
  if (text === '' || isAbsolute(text) || /^[a-z][a-z0-9+.-]+:\/\//i.test(text)) return text;
  const path = relative(cwd, join(base, text));
  return path === '' ? '.' : path;
}

function located({ place, code }: Candidate, error: UsageError): UsageError {
  const message = place === '' ? error.message : `${place}: ${error.message}`;
  return new UsageError(error.code === 'USAGE' ? code : error.code, message, {
    cause: error,
    details: { ...error.details, ...(place === '' ? {} : { place }) },
    ...(error.hint === undefined ? {} : { hint: error.hint }),
  });
}
