/** What a file is, which decides how it is read. */
export const discoveryKinds = ['compose', 'dockerfile', 'gitlab', 'circleci', 'kubernetes'] as const;

export type DiscoveryKind = (typeof discoveryKinds)[number];

/** One place that names an image. The same image named in two places is found twice. */
export interface DiscoveredImage {
  /** The reference after variable expansion, as for `docker pull`; always valid. */
  readonly text: string;
  /** The file that holds the text: a relative path when the given path is relative. */
  readonly file: string;
  /** The line of the text, from 1: with anchors, `extends` and the like, where it was written. */
  readonly line: number;
  /** Who uses it: `service db`, `stage 2 of Dockerfile`, `job deploy, services`. */
  readonly what: string;
  /** `OS/ARCH[/VARIANT]` where the file asks for one. */
  readonly platform?: string | undefined;
  /** The files build this image as well, and pull it only if they can: it may be absent from its registry. */
  readonly isOptional?: true | undefined;
}

/** Something that was not understood or followed: images may be missing or wrong. */
export interface DiscoveryProblem {
  readonly file: string;
  /** From 1; absent when the problem is the whole file. */
  readonly line?: number | undefined;
  /** Its subject, in the words of {@link DiscoveredImage.what}. */
  readonly what: string;
  /** Lower case, no final stop. */
  readonly reason: string;
  /** One imperative sentence. */
  readonly hint?: string | undefined;
  /** `error`: an image is named here but stays unknown. `warning`: more images may be needed. */
  readonly severity: 'error' | 'warning';
}

/** What files, and the files that they include, name. Both lists are in the order of reading. */
export interface Discovery {
  readonly images: readonly DiscoveredImage[];
  readonly problems: readonly DiscoveryProblem[];
}

export interface DiscoverOptions {
  /** Variables; they win over a `.env` file. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** How to read the file; when absent, its name and content decide. */
  readonly kind?: DiscoveryKind | undefined;
  /** `OS/ARCH[/VARIANT]` of the engine that runs and builds the images; by default that of this machine. */
  readonly platform?: string | undefined;
  /** Active compose profiles, `*` for all; `COMPOSE_PROFILES` when absent or empty. */
  readonly profiles?: readonly string[] | undefined;
  /** Stage of a Dockerfile to build, its last one when absent. Stages that it does not need are left out. */
  readonly target?: string | undefined;
  /** Values for the `ARG`s of a Dockerfile; in compose files `build.args` win over them. */
  readonly buildArgs?: Readonly<Record<string, string>> | undefined;
  readonly signal?: AbortSignal | undefined;
}
