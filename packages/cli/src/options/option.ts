import type { DeliveryMode, OnMiss, Platform, Reference } from '@drayage/core';
import type { OptionType } from './option-type.ts';

/** Everything that can be set, read once and valid. Below the command line everything is a parameter taken from here. */
export interface Config {
  /** Required by this run, in the order given. */
  readonly images: readonly Reference[];
  /** Wanted where they exist. */
  readonly optional: readonly Reference[];
  /** The images waited for; empty: all. */
  readonly only: readonly Reference[];
  /** The directory of the bundle on this node. */
  readonly bundle: string;
  /** A directory or URL; may hold credentials. */
  readonly handover: string | undefined;
  /** Undefined: that of an engine on a machine like this one. */
  readonly platform: Platform | undefined;
  readonly insecureRegistries: readonly string[];
  readonly caFile: string | undefined;
  readonly concurrency: number;
  readonly delivery: DeliveryMode;
  readonly onMiss: OnMiss;
  readonly timeoutMs: number;
  readonly graceMs: number;
  readonly settled: boolean;
  readonly strict: boolean;
  /** What the CI system calls this pipeline run. */
  readonly pipeline: string | undefined;
  readonly configFile: string | undefined;
  readonly json: boolean;
  readonly verbose: boolean;
}

export type OptionKey = keyof Config;

/** One thing that can be set, and all the places where it can be. */
export interface OptionDefinition<Value> {
  /** Without dashes; undefined for what is only given as an argument. */
  readonly flag: string | undefined;
  readonly env: string;
  /** Variables of others that say the same; they yield to the configuration file. */
  readonly otherEnv?: readonly string[];
  /** In `.dray.yml` and `package.json#dray`; undefined where a file cannot say it. */
  readonly configKey: string | undefined;
  readonly type: OptionType<Exclude<Value, undefined>>;
  readonly default: Value;
  /** The default as one would write it, where it is worth telling. */
  readonly defaultText?: string;
  /** One sentence fragment, for usage texts and for descriptions of template parameters. */
  readonly summary: string;
}

/** One definition for each key of {@link Config}. */
export type OptionTable = { readonly [Key in OptionKey]: OptionDefinition<Config[Key]> };
