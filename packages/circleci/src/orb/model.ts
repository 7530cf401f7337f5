/** What YAML can hold. */
export type YamlValue = string | number | boolean | readonly YamlValue[] | YamlMap;

export interface YamlMap {
  readonly [key: string]: YamlValue;
}

/** @see https://circleci.com/docs/reference/reusing-config/#parameter-types */
export type ParameterType = 'string' | 'boolean' | 'integer' | 'enum' | 'executor' | 'steps';

/** One thing that users of the orb can set. Without a default they must. */
export interface OrbParameter {
  readonly type: ParameterType;
  readonly description: string;
  readonly enum?: readonly string[];
  readonly default?: YamlValue;
}

export type OrbParameters = Readonly<Record<string, OrbParameter>>;

/** A step as it stands in a configuration. */
export type OrbStep = string | YamlMap;

export interface OrbCommand {
  readonly description: string;
  readonly parameters: OrbParameters;
  readonly steps: readonly OrbStep[];
}

/** A job; what is no list of steps is as it stands in a configuration. */
export interface OrbJob extends OrbCommand {
  readonly settings: YamlMap;
}

export interface OrbExecutor {
  readonly description: string;
  readonly parameters: OrbParameters;
  readonly settings: YamlMap;
}

/** A whole configuration that shows a use of the orb. */
export interface OrbExample {
  readonly description: string;
  readonly usage: YamlMap;
}

/** The parts of an orb, each by its name. */
export interface Orb {
  readonly description: string;
  readonly homeUrl: string;
  readonly sourceUrl: string;
  readonly commands: Readonly<Record<string, OrbCommand>>;
  readonly jobs: Readonly<Record<string, OrbJob>>;
  readonly executors: Readonly<Record<string, OrbExecutor>>;
  readonly examples: Readonly<Record<string, OrbExample>>;
}
