import type { KeyObject } from 'node:crypto';
import type { BundleForm, DeliveryMode, OnMiss, Platform } from '@drayage/core';
import type { Condition } from '../conditions/conditions.ts';
import type { PackFilesystem } from '@drayage/core/bundle';
import type { EngineSettings } from './engine-settings.ts';
import type { OptionType } from './option-type.ts';
import type { StepSettings } from './step-options.ts';

/** A text with unexpanded variables, and its place. */
export interface PlacedText {
  /** For messages: `.dray.yml:4: images`; empty for a command-line argument. */
  readonly place: string;
  readonly text: string;
}

/**
 * A requested image. The command expands variables when it needs the image, because not every job has them
 * all.
 */
export interface ImageRequest {
  /** A name; with a tag or version range, unless `tags` has any. */
  readonly image: PlacedText;
  /** Alternative tags, in order of preference; empty: the tag of `image`. */
  readonly tags: readonly PlacedText[];
  /** Additional names for the image. */
  readonly as: readonly PlacedText[];
  readonly optional: boolean;
  /** True: a version range can match a pre-release. */
  readonly prerelease: boolean;
  readonly only?: Condition | undefined;
  readonly except?: Condition | undefined;
}

/** A command that runs before any image is resolved. */
export interface PrepareCommand {
  /** A shell script. */
  readonly run: string;
  /** Its name in messages; undefined: its first line. */
  readonly name: string | undefined;
  readonly timeoutMs: number;
  /** True: its failure is only a warning. */
  readonly optional: boolean;
  /** The directory it runs in; undefined: the working directory. */
  readonly dir: string | undefined;
}

/** Where images come from. */
export type ImageSource = 'registry' | 'engine';

/** `digests`: check packs against the bundle; `deep`: also check their layers against the images. */
export type PackVerification = 'digests' | 'deep';

/**
 * All settings, read once and validated. Everything below the command line takes its parameters from here.
 */
export interface Config extends EngineSettings, StepSettings {
  /** Required by this run, in the order given. */
  readonly images: readonly ImageRequest[];
  /** Skipped if they do not exist. */
  readonly optional: readonly ImageRequest[];
  /** Files that name images, each optionally prefixed with its kind: `compose:stack.yml`. */
  readonly from: readonly string[];
  /** Runs that pre-pull; undefined: all. */
  readonly runOnly: Condition | undefined;
  /** Runs that do not pre-pull; undefined: none. */
  readonly runExcept: Condition | undefined;
  readonly prepare: readonly PrepareCommand[];
  readonly source: ImageSource;
  /** The images to wait for; empty: all. */
  readonly only: readonly PlacedText[];
  /** The bundle directory on this node. */
  readonly bundle: string;
  /** A directory or URL; may hold credentials. */
  readonly handover: string | undefined;
  /**
   * Separates bundles at one handover location or in one workspace; undefined: see `handoverKey`,
   * `workspaceKey`.
   */
  readonly key: string | undefined;
  /** The age from which bundles at the handover location are deleted; undefined: see its driver. */
  readonly expiresMs: number | undefined;
  /** Also make the images available to engines at the handover location. */
  readonly asImages: boolean;
  /** Undefined: the platform of an engine on this machine. */
  readonly platform: Platform | undefined;
  /** The platforms to lock; empty: `platform`. */
  readonly platforms: readonly Platform[];
  /** Pull only what the lock covers. */
  readonly frozen: boolean;
  /** Only compare the lock. */
  readonly check: boolean;
  /** Undefined: `dray.lock` beside the configuration file. */
  readonly lockFile: string | undefined;
  /** Each as `REGISTRY=URL`. */
  readonly mirrors: readonly PlacedText[];
  readonly insecureRegistries: readonly string[];
  readonly caFile: string | undefined;
  readonly certsDir: string;
  readonly concurrency: number;
  /** How the bundle stores layers. */
  readonly form: BundleForm;
  readonly packFormat: PackFilesystem;
  /** Replace all earlier packs with one new pack. */
  readonly repack: boolean;
  readonly delivery: DeliveryMode;
  readonly onMiss: OnMiss;
  readonly timeoutMs: number;
  readonly graceMs: number;
  readonly settled: boolean;
  readonly strict: boolean;
  /** How to verify packs before mounting them. */
  readonly verify: PackVerification;
  /** `bundle verify` also checks the layers in packs. */
  readonly deep: boolean;
  readonly sign: boolean;
  /** An Ed25519 private key. */
  readonly signingKey: KeyObject | undefined;
  readonly requireSignature: boolean;
  /** An Ed25519 public key. */
  readonly verifyKey: KeyObject | undefined;
  /** The signed purpose of a bundle; undefined: neither signed nor checked. */
  readonly signatureContext: string | undefined;
  /** The CI system's name for this pipeline run. */
  readonly pipeline: string | undefined;
  /** The CI job that pre-pulls; undefined: do not ask the CI system for its state. */
  readonly prepullJob: string | undefined;
  /** Replaces the job token. */
  readonly gitlabToken: string | undefined;
  /** The bearer token for an `https://` handover location. */
  readonly httpToken: string | undefined;
  /** The OIDC token of this job, for AWS_ROLE_ARN. */
  readonly oidcToken: string | undefined;
  /** Branch of this run; undefined: ask the CI system. */
  readonly branch: string | undefined;
  readonly tag: string | undefined;
  readonly event: string | undefined;
  /** The image that `bake` builds on. */
  readonly base: string;
  /** Where `bake` writes its build context. */
  readonly output: string;
  /** The tag of the baked image; undefined: do not build it. */
  readonly bakeTag: string | undefined;
  readonly push: boolean;
  /** Where `render` writes its folders. */
  readonly into: string;
  /** File with the checksums of what templates install; undefined: templates pin no checksum. */
  readonly checksums: string | undefined;
  readonly configFile: string | undefined;
  /** Add the result to the summary of the CI job. */
  readonly jobSummary: boolean;
  readonly json: boolean;
  readonly verbose: boolean;
}

export type OptionKey = keyof Config;

/** A setting, and all the places that can set it. */
export interface OptionDefinition<Value> {
  /** Without dashes; undefined if only an argument, a file or the CI system can set it. */
  readonly flag?: string | undefined;
  readonly env: string;
  /** Variables of other programs with the same meaning; the configuration file overrides them. */
  readonly otherEnv?: readonly string[] | undefined;
  /** In `.dray.yml` and `package.json#dray`; undefined if a file cannot set it. */
  readonly configKey?: string | undefined;
  readonly type: OptionType<Exclude<Value, undefined>>;
  readonly default: Value;
  /** The default as a user would write it, if that is not the default itself; see {@link defaultText}. */
  readonly defaultText?: string | undefined;
  /** A sentence fragment, for help texts and descriptions of template parameters. */
  readonly summary: string;
}

/** The default as a user would write it; undefined if help should not show one. */
export function defaultText(
  option: Pick<OptionDefinition<unknown>, 'default' | 'defaultText'>,
): string | undefined {
  const { default: value, defaultText: text } = option;
  return text ?? (typeof value === 'string' || typeof value === 'number' ? String(value) : undefined);
}

/** One definition per key of {@link Config}. */
export type OptionTable = { readonly [Key in OptionKey]: OptionDefinition<Config[Key]> };
