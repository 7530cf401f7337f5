/** Any YAML value. */
export type YamlValue = string | number | boolean | readonly YamlValue[] | YamlMap;

export interface YamlMap {
  readonly [key: string]: YamlValue;
}

/** @see https://circleci.com/docs/reference/reusing-config/#parameter-types */
export type ParameterType = 'string' | 'boolean' | 'integer' | 'enum' | 'executor' | 'steps';

/** One setting of the orb. Required if it has no default. */
export interface OrbParameter {
  readonly type: ParameterType;
  readonly description: string;
  readonly enum?: readonly string[];
  readonly default?: YamlValue;
}

export type OrbParameters = Readonly<Record<string, OrbParameter>>;

/** A step, written as in a configuration. */
export type OrbStep = string | YamlMap;

export interface OrbCommand {
  readonly description: string;
  readonly parameters: OrbParameters;
  readonly steps: readonly OrbStep[];
}

/** A job. `settings` are its other keys, written as in a configuration. */
export interface OrbJob extends OrbCommand {
  readonly settings: YamlMap;
}

export interface OrbExecutor {
  readonly description: string;
  readonly parameters: OrbParameters;
  readonly settings: YamlMap;
}

/** A complete configuration that uses the orb. */
export interface OrbExample {
  readonly description: string;
  readonly usage: YamlMap;
}

/** An orb; its parts have names. */
export interface Orb {
  readonly description: string;
  readonly homeUrl: string;
  readonly sourceUrl: string;
  readonly commands: Readonly<Record<string, OrbCommand>>;
  readonly jobs: Readonly<Record<string, OrbJob>>;
  readonly executors: Readonly<Record<string, OrbExecutor>>;
  readonly examples: Readonly<Record<string, OrbExample>>;
}
