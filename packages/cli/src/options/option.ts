import type { KeyObject } from 'node:crypto';
import type { BundleForm, DeliveryMode, OnMiss, Platform } from '@drayage/core';
import type { Condition } from '../conditions/conditions.ts';
import type { PackFilesystem } from '@drayage/core/bundle';
import type { EngineSettings } from './engine-settings.ts';
import type { OptionType } from './option-type.ts';
import type { StepSettings } from './step-options.ts';

/** A text that variables are yet to be put into, and where it stands. */
export interface PlacedText {
  /** For messages: `.dray.yml:4: images`; empty for an argument of the command line. */
  readonly place: string;
  readonly text: string;
}

/** An image as it was asked for. Variables are expanded when the command needs the image, as not every job has them all. */
export interface ImageRequest {
  /** A name, with a tag or a range of versions unless there are `tags`. */
  readonly image: PlacedText;
  /** Alternatives, in order of preference; empty: as `image` says. */
  readonly tags: readonly PlacedText[];
  /** Further names that it shall have. */
  readonly as: readonly PlacedText[];
  readonly optional: boolean;
  /** A range of versions may choose a pre-release. */
  readonly prerelease: boolean;
  readonly only?: Condition | undefined;
  readonly except?: Condition | undefined;
}

/** A command that runs before anything is resolved. */
export interface PrepareCommand {
  /** For a shell. */
  readonly run: string;
  /** How it is called in messages; undefined: by its first line. */
  readonly name: string | undefined;
  readonly timeoutMs: number;
  /** Its failure is told and ends nothing. */
  readonly optional: boolean;
  /** Where it runs; undefined: in the working directory. */
  readonly dir: string | undefined;
}

/** Where images are taken from. */
export type ImageSource = 'registry' | 'engine';

/** `digests`: a pack is what the bundle names; `deep`: and its layers are what the images name. */
export type PackVerification = 'digests' | 'deep';

/** Everything that can be set, read once and valid. Below the command line everything is a parameter taken from here. */
export interface Config extends EngineSettings, StepSettings {
  /** Required by this run, in the order given. */
  readonly images: readonly ImageRequest[];
  /** Wanted where they exist. */
  readonly optional: readonly ImageRequest[];
  /** Files that name images, each perhaps with its kind before it: `compose:stack.yml`. */
  readonly from: readonly string[];
  /** When images are pre-pulled at all; undefined: always. */
  readonly runOnly: Condition | undefined;
  /** When none are; undefined: never. */
  readonly runExcept: Condition | undefined;
  readonly prepare: readonly PrepareCommand[];
  readonly source: ImageSource;
  /** The images waited for; empty: all. */
  readonly only: readonly PlacedText[];
  /** The directory of the bundle on this node. */
  readonly bundle: string;
  /** A directory or URL; may hold credentials. */
  readonly handover: string | undefined;
  /** Undefined: that of an engine on a machine like this one. */
  readonly platform: Platform | undefined;
  /** To lock; empty: `platform`. */
  readonly platforms: readonly Platform[];
  /** Pull what the lock says, or nothing. */
  readonly frozen: boolean;
  /** Only compare the lock. */
  readonly check: boolean;
  /** Undefined: `dray.lock` beside the configuration file. */
  readonly lockFile: string | undefined;
  /** `REGISTRY=URL` each. */
  readonly mirrors: readonly PlacedText[];
  readonly insecureRegistries: readonly string[];
  readonly caFile: string | undefined;
  readonly certsDir: string;
  readonly concurrency: number;
  /** What the bundle holds of the layers. */
  readonly form: BundleForm;
  readonly packFormat: PackFilesystem;
  /** One new pack in place of all earlier ones. */
  readonly repack: boolean;
  readonly delivery: DeliveryMode;
  readonly onMiss: OnMiss;
  readonly timeoutMs: number;
  readonly graceMs: number;
  readonly settled: boolean;
  readonly strict: boolean;
  /** Of packs, before they are mounted. */
  readonly verify: PackVerification;
  /** Of the packs of a bundle that is verified. */
  readonly deep: boolean;
  readonly sign: boolean;
  /** An Ed25519 private key. */
  readonly signingKey: KeyObject | undefined;
  readonly requireSignature: boolean;
  /** An Ed25519 public key. */
  readonly verifyKey: KeyObject | undefined;
  /** What a bundle is signed for; undefined: nothing is said of that, or asked. */
  readonly signatureContext: string | undefined;
  /** What the CI system calls this pipeline run. */
  readonly pipeline: string | undefined;
  /** The CI job that pre-pulls; undefined: the CI system is not asked. */
  readonly prepullJob: string | undefined;
  /** Used instead of the job's own token. */
  readonly gitlabToken: string | undefined;
  /** Of this run; undefined: as the CI system says. */
  readonly branch: string | undefined;
  readonly tag: string | undefined;
  readonly event: string | undefined;
  /** The image that `bake` builds on. */
  readonly base: string;
  /** Where `bake` writes its build context. */
  readonly output: string;
  /** What the baked image is called; undefined: it is not built. */
  readonly bakeTag: string | undefined;
  readonly push: boolean;
  /** Where `render` puts its folders. */
  readonly into: string;
  /** File with the checksums of what templates install; undefined: they pin none. */
  readonly checksums: string | undefined;
  readonly configFile: string | undefined;
  readonly json: boolean;
  readonly verbose: boolean;
}

export type OptionKey = keyof Config;

/** One thing that can be set, and all the places where it can be. */
export interface OptionDefinition<Value> {
  /** Without dashes; undefined for what is only given as an argument, in a file or by the CI system. */
  readonly flag: string | undefined;
  readonly env: string;
  /** Variables of others that say the same; they yield to the configuration file. */
  readonly otherEnv?: readonly string[] | undefined;
  /** In `.dray.yml` and `package.json#dray`; undefined where a file cannot say it. */
  readonly configKey: string | undefined;
  readonly type: OptionType<Exclude<Value, undefined>>;
  readonly default: Value;
  /** The default as one would write it, where it is worth telling. */
  readonly defaultText?: string | undefined;
  /** One sentence fragment, for usage texts and for descriptions of template parameters. */
  readonly summary: string;
}

/** One definition for each key of {@link Config}. */
export type OptionTable = { readonly [Key in OptionKey]: OptionDefinition<Config[Key]> };
